// How a person of the tests looks at the screens: language, zone and size of the window.
export const VIEWER = { locale: 'en-GB', timezoneId: 'Africa/Nairobi', viewport: { width: 1360, height: 860 } };
