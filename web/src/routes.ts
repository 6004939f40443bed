// Every screen: its path below /app, its title, the roles that may open it, and its file. The shell's navigation is made of this
// table, and the tests open every line of it as every role.
import type { Component } from 'svelte';
import type { Role } from './session/session.svelte';

export type Area = 'operations' | 'messages' | 'prices' | 'billing' | 'reseller' | 'account' | 'traffic' | 'connection' | 'administration';

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
  messages: 'Messages',
  prices: 'Prices',
  billing: 'Billing',
  reseller: 'Reselling',
  account: 'Account',
  traffic: 'Traffic',
  connection: 'Connection',
  administration: 'Administration',
};

const HOUSE: readonly Role[] = ['admin'];
const OWNERS: readonly Role[] = ['customer', 'reseller'];
const RESELLERS: readonly Role[] = ['reseller'];

export const routes: readonly Route[] = [
  { path: '/operations/live', title: 'Live', area: 'operations', roles: HOUSE, nav: true, load: () => import('./screens/operations/Live.svelte') },
  { path: '/operations/operators', title: 'Operators', area: 'operations', roles: HOUSE, nav: true, load: () => import('./screens/operations/Operators.svelte') },
  { path: '/operations/operators/:operator', title: 'Operator', area: 'operations', roles: HOUSE, load: () => import('./screens/operations/Operator.svelte') },
  { path: '/operations/routing', title: 'Routing', area: 'operations', roles: HOUSE, nav: true, load: () => import('./screens/operations/Routing.svelte') },
  { path: '/messages', title: 'Messages', area: 'messages', roles: HOUSE, nav: true, load: () => import('./screens/messages/Messages.svelte') },
  { path: '/messages/:message', title: 'Message', area: 'messages', roles: HOUSE, load: () => import('./screens/messages/Message.svelte') },
  { path: '/refusals', title: 'Refusals', area: 'messages', roles: HOUSE, nav: true, load: () => import('./screens/messages/Refusals.svelte') },
  { path: '/prices/versions', title: 'Tariff versions', area: 'prices', roles: HOUSE, nav: true, load: () => import('./screens/prices/Tariff.svelte') },
  { path: '/prices/rates', title: 'Rates', area: 'prices', roles: HOUSE, nav: true, load: () => import('./screens/prices/Rates.svelte') },
  { path: '/prices/imports', title: 'Price lists', area: 'prices', roles: HOUSE, nav: true, load: () => import('./screens/prices/Imports.svelte') },
  { path: '/prices/imports/new', title: 'Upload a price list', area: 'prices', roles: HOUSE, load: () => import('./screens/prices/NewImport.svelte') },
  { path: '/prices/imports/:import', title: 'Price list', area: 'prices', roles: HOUSE, load: () => import('./screens/prices/Import.svelte') },
  { path: '/prices/networks', title: 'Networks', area: 'prices', roles: HOUSE, nav: true, load: () => import('./screens/prices/Networks.svelte') },
  { path: '/prices/exchange-rates', title: 'Exchange rates', area: 'prices', roles: HOUSE, nav: true, load: () => import('./screens/prices/ExchangeRates.svelte') },
  { path: '/reseller/customers', title: 'Customers', area: 'reseller', roles: RESELLERS, nav: true, load: () => import('./screens/reseller/Customers.svelte') },
  { path: '/reseller/customers/:customer', title: 'Customer', area: 'reseller', roles: RESELLERS, load: () => import('./screens/reseller/Customer.svelte') },
  { path: '/reseller/price-lists', title: 'Price lists', area: 'reseller', roles: RESELLERS, nav: true, load: () => import('./screens/reseller/PriceLists.svelte') },
  { path: '/reseller/price-lists/:list', title: 'Price list', area: 'reseller', roles: RESELLERS, load: () => import('./screens/reseller/PriceList.svelte') },
  { path: '/reseller/resales', title: 'Commission and margin', area: 'reseller', roles: RESELLERS, nav: true, load: () => import('./screens/reseller/Resales.svelte') },
  { path: '/reseller/issuer', title: 'Issuer', area: 'reseller', roles: RESELLERS, nav: true, load: () => import('./screens/terms/Issuer.svelte') },
  { path: '/account/overview', title: 'Overview', area: 'account', roles: OWNERS, nav: true, load: () => import('./screens/account/wallet/Overview.svelte') },
  { path: '/account/invoices', title: 'Invoices', area: 'account', roles: OWNERS, nav: true, load: () => import('./screens/account/documents/Invoices.svelte') },
  { path: '/account/invoices/:invoice', title: 'Invoice', area: 'account', roles: OWNERS, load: () => import('./screens/account/documents/Invoice.svelte') },
  { path: '/account/payments', title: 'Payments', area: 'account', roles: OWNERS, nav: true, load: () => import('./screens/account/documents/Payments.svelte') },
  { path: '/account/transactions', title: 'Movements', area: 'account', roles: OWNERS, nav: true, load: () => import('./screens/account/documents/Transactions.svelte') },
  { path: '/account/rates', title: 'Rates', area: 'account', roles: OWNERS, nav: true, load: () => import('./screens/account/offers/Rates.svelte') },
  { path: '/account/bundles', title: 'Bundles', area: 'account', roles: OWNERS, nav: true, load: () => import('./screens/account/offers/Bundles.svelte') },
  { path: '/account/subscription', title: 'Subscription', area: 'account', roles: OWNERS, nav: true, load: () => import('./screens/account/offers/Subscription.svelte') },
  { path: '/traffic/usage', title: 'Usage', area: 'traffic', roles: OWNERS, nav: true, load: () => import('./screens/traffic/Usage.svelte') },
  { path: '/traffic/messages', title: 'Messages', area: 'traffic', roles: OWNERS, nav: true, load: () => import('./screens/messages/Messages.svelte') },
  { path: '/traffic/messages/:message', title: 'Message', area: 'traffic', roles: OWNERS, load: () => import('./screens/messages/Message.svelte') },
  { path: '/connection/senders', title: 'Senders and templates', area: 'connection', roles: OWNERS, nav: true, load: () => import('./screens/connection/Senders.svelte') },
  { path: '/connection/keys', title: 'API keys', area: 'connection', roles: OWNERS, nav: true, load: () => import('./screens/connection/Keys.svelte') },
  { path: '/connection/smpp', title: 'SMPP', area: 'connection', roles: OWNERS, nav: true, load: () => import('./screens/connection/Smpp.svelte') },
  { path: '/connection/webhooks', title: 'Webhooks', area: 'connection', roles: OWNERS, nav: true, load: () => import('./screens/webhooks/Webhooks.svelte') },
  { path: '/connection/alerts', title: 'Alerts', area: 'connection', roles: OWNERS, nav: true, load: () => import('./screens/connection/Alerts.svelte') },
  { path: '/billing/revenue', title: 'Revenue and margin', area: 'billing', roles: HOUSE, nav: true, load: () => import('./screens/billing/earnings/Revenue.svelte') },
  { path: '/billing/accounts', title: 'Accounts', area: 'billing', roles: HOUSE, nav: true, load: () => import('./screens/billing/accounts/Accounts.svelte') },
  { path: '/billing/accounts/:account', title: 'Account', area: 'billing', roles: HOUSE, load: () => import('./screens/billing/accounts/Account.svelte') },
  { path: '/billing/invoices', title: 'Invoices', area: 'billing', roles: HOUSE, nav: true, load: () => import('./screens/billing/documents/Invoices.svelte') },
  { path: '/billing/invoices/:invoice', title: 'Invoice', area: 'billing', roles: HOUSE, load: () => import('./screens/billing/documents/Invoice.svelte') },
  { path: '/billing/payments', title: 'Payments', area: 'billing', roles: HOUSE, nav: true, load: () => import('./screens/billing/payments/Payments.svelte') },
  { path: '/billing/payments/:payment', title: 'Payment', area: 'billing', roles: HOUSE, load: () => import('./screens/billing/payments/Payment.svelte') },
  { path: '/billing/credit-notes', title: 'Credit notes', area: 'billing', roles: HOUSE, nav: true, load: () => import('./screens/billing/documents/CreditNotes.svelte') },
  { path: '/billing/credit-notes/:note', title: 'Credit note', area: 'billing', roles: HOUSE, load: () => import('./screens/billing/documents/CreditNote.svelte') },
  { path: '/billing/statements', title: 'Statements', area: 'billing', roles: HOUSE, nav: true, load: () => import('./screens/billing/documents/Statements.svelte') },
  { path: '/billing/statements/:statement', title: 'Statement', area: 'billing', roles: HOUSE, load: () => import('./screens/billing/documents/Statement.svelte') },
  { path: '/billing/commission', title: 'Commission', area: 'billing', roles: HOUSE, nav: true, load: () => import('./screens/billing/earnings/Commission.svelte') },
  { path: '/billing/subscriptions', title: 'Subscriptions', area: 'billing', roles: HOUSE, nav: true, load: () => import('./screens/billing/offers/Subscriptions.svelte') },
  { path: '/billing/subscription-plans', title: 'Subscription plans', area: 'billing', roles: HOUSE, nav: true, load: () => import('./screens/billing/offers/SubscriptionPlans.svelte') },
  { path: '/billing/bundles', title: 'Bundle products', area: 'billing', roles: HOUSE, nav: true, load: () => import('./screens/billing/offers/Bundles.svelte') },
  { path: '/billing/quote', title: 'Quote a message', area: 'billing', roles: HOUSE, nav: true, load: () => import('./screens/billing/earnings/Quote.svelte') },
  { path: '/administration/moderation', title: 'Moderation', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/administration/Moderation.svelte') },
  { path: '/administration/alerts', title: 'Alerts', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/administration/Alerts.svelte') },
  { path: '/administration/pumping', title: 'Traffic pumping', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/administration/Pumping.svelte') },
  { path: '/administration/audit', title: 'Audit log', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/administration/Audit.svelte') },
  { path: '/administration/users', title: 'Users', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/administration/Users.svelte') },
  { path: '/administration/keys', title: 'API keys', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/administration/Keys.svelte') },
  { path: '/administration/webhooks', title: 'Webhooks', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/webhooks/Webhooks.svelte') },
  { path: '/administration/settings', title: 'Settings in force', area: 'administration', roles: HOUSE, nav: true, load: () => import('./screens/administration/Settings.svelte') },
];

/** The first screen of a role, which `/` shows. */
export function home(role: Role): string {
  return routes.find((route) => route.nav && route.roles.includes(role))?.path ?? '/';
}
