// Every screen: its path below /app, its title, the roles that may open it, and its file. The shell's navigation is made of this
// table, and the tests open every line of it as every role.
import type { Component } from 'svelte';
import type { Role } from './session/session.svelte';

export type Area = 'operations' | 'prices' | 'billing' | 'reseller' | 'account' | 'administration';

export interface Route {
  /** Below /app; `:name` is a parameter. */
  path: string;
  title: string;
  area: Area;
  roles: readonly Role[];
  /** True for the screens of the navigation; the others are opened from one of them. */
  nav?: boolean;
  load: () => Promise<{ default: Component }>;
}

export const AREA_TITLES: Record<Area, string> = {
  operations: 'Operations',
  prices: 'Prices',
  billing: 'Billing',
  reseller: 'Reselling',
  account: 'Account',
  administration: 'Administration',
};

const HOUSE: readonly Role[] = ['admin'];

export const routes: readonly Route[] = [
  { path: '/operations/operators', title: 'Operators', area: 'operations', roles: HOUSE, nav: true, load: () => import('./screens/operations/Operators.svelte') },
  { path: '/operations/operators/:operator', title: 'Operator', area: 'operations', roles: HOUSE, load: () => import('./screens/operations/Operator.svelte') },
  { path: '/prices/versions', title: 'Tariff versions', area: 'prices', roles: HOUSE, nav: true, load: () => import('./screens/prices/Tariff.svelte') },
  { path: '/prices/rates', title: 'Rates', area: 'prices', roles: HOUSE, nav: true, load: () => import('./screens/prices/Rates.svelte') },
  { path: '/prices/imports', title: 'Price lists', area: 'prices', roles: HOUSE, nav: true, load: () => import('./screens/prices/Imports.svelte') },
  { path: '/prices/imports/new', title: 'Upload a price list', area: 'prices', roles: HOUSE, load: () => import('./screens/prices/NewImport.svelte') },
  { path: '/prices/imports/:import', title: 'Price list', area: 'prices', roles: HOUSE, load: () => import('./screens/prices/Import.svelte') },
  { path: '/administration/moderation', title: 'Moderation', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/administration/Moderation.svelte') },
  { path: '/administration/alerts', title: 'Alerts', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/administration/Alerts.svelte') },
  { path: '/administration/pumping', title: 'Traffic pumping', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/administration/Pumping.svelte') },
  { path: '/administration/audit', title: 'Audit log', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/administration/Audit.svelte') },
  { path: '/administration/users', title: 'Users', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/administration/Users.svelte') },
  { path: '/administration/keys', title: 'API keys', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/administration/Keys.svelte') },
  { path: '/administration/settings', title: 'Settings in force', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/administration/Settings.svelte') },
];

/** The first screen of a role, which `/` shows. */
export function home(role: Role): string {
  return routes.find((route) => route.nav && route.roles.includes(role))?.path ?? '/';
}
