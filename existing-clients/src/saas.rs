//! The clients of the SaaS billing service: answers of the other services in the words that these clients know.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::auth::{AuthService, Login, Refresh, Registration, Tokens};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::invoices::{InvoiceStatus, InvoicesQuery, InvoicesService};
use tollgate_api::money::Money;
use tollgate_api::page::LIMIT_MAX;
use tollgate_api::payments::{NewPayment, PaymentProvider, PaymentPurpose, PaymentState, PaymentsService};
use tollgate_api::problem::Problem;
use tollgate_api::saas_clients::{
    SaasClientsService, SaasInvoice, SaasInvoiceStatus, SaasLogin, SaasNewSubscription, SaasPaid,
    SaasPaymentIntent, SaasPaymentSuccess, SaasPlan, SaasPlanInput, SaasRefresh, SaasSignUp,
    SaasSubscription, SaasSubscriptionStatus, SaasToPay, SaasTokens, SaasUser,
};
use tollgate_api::subscription_plans::{
    PeriodKind, PeriodLength, SubscriptionPlan, SubscriptionPlanInput, SubscriptionPlansQuery,
    SubscriptionPlansService,
};
use tollgate_api::subscriptions::{
    NewSubscription, PayBy, Subscription, SubscriptionCancellation, SubscriptionPeriodsQuery,
    SubscriptionStatus, SubscriptionsQuery, SubscriptionsService, When,
};

/// Answers the clients of the SaaS billing service.
pub struct SaasClients {
    /// Registers users, and logs them in.
    pub auth: Arc<dyn AuthService>,
    /// Lists and changes plans.
    pub plans: Arc<dyn SubscriptionPlansService>,
    /// Sells and cancels subscriptions.
    pub subscriptions: Arc<dyn SubscriptionsService>,
    /// Lists the invoices of accounts.
    pub invoices: Arc<dyn InvoicesService>,
    /// Takes payments of invoices.
    pub payments: Arc<dyn PaymentsService>,
}

impl fmt::Debug for SaasClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaasClients").finish_non_exhaustive()
    }
}

impl SaasClientsService for SaasClients {
    fn saas_sign_up(&self, request_id: &str, peer: Option<IpAddr>, sign_up: SaasSignUp) -> Answer<SaasUser> {
        let SaasSignUp { username, email, password } = sign_up;
        let username = username.unwrap_or_else(|| email.clone());
        let registration =
            Registration { email: email.clone(), password, name: username.clone(), currency: None };
        let promise = self.auth.register(request_id, peer, registration)?;
        Ok(SaasUser { username, email, detail: promise.message })
    }

    fn saas_token(&self, request_id: &str, peer: Option<IpAddr>, login: SaasLogin) -> Answer<SaasTokens> {
        let SaasLogin { username, password } = login;
        self.auth.login(request_id, peer, &Login { email: username, password }).map(tokens)
    }

    fn saas_refresh(&self, request_id: &str, refresh: SaasRefresh) -> Answer<SaasTokens> {
        self.auth.refresh(request_id, &Refresh { refresh_token: refresh.refresh }).map(tokens)
    }

    fn saas_plans(&self, caller: &Caller) -> Answer<Vec<SaasPlan>> {
        let mut plans: Vec<SaasPlan> = self.all_plans(caller)?.iter().map(plan_view).collect();
        plans.sort_by_key(|plan| plan.id);
        Ok(plans)
    }

    fn saas_plan(&self, caller: &Caller, id: u32) -> Answer<SaasPlan> {
        self.plan(caller, id).map(|plan| plan_view(&plan))
    }

    fn saas_create_plan(&self, caller: &Caller, new: SaasPlanInput) -> Answer<SaasPlan> {
        let plan = SubscriptionPlanInput {
            name: new.name.clone(),
            description: String::new(),
            price: new.price,
            currency: new.currency,
            period: PeriodLength { kind: PeriodKind::Month, days: None },
            bundle: None,
            tokens: None,
            trial_days: 0,
            recurring: true,
            plan: None,
            time_zone: None,
            on_offer: true,
        };
        let plan = with(plan, new);
        self.plans.create_subscription_plan(caller, plan).map(|made| plan_view(&made.value))
    }

    fn saas_replace_plan(&self, caller: &Caller, id: u32, input: SaasPlanInput) -> Answer<SaasPlan> {
        let plan = self.plan(caller, id)?;
        let name = plan.name.clone();
        let plan = with(input_of(plan), input);
        let made = self.plans.replace_subscription_plan(caller, &name, IfMatch(None), plan)?;
        Ok(plan_view(&made.value))
    }

    fn saas_delete_plan(&self, caller: &Caller, id: u32) -> Answer<()> {
        let plan = self.plan(caller, id)?;
        self.plans.delete_subscription_plan(caller, &plan.name, IfMatch(None))
    }

    fn saas_subscriptions(
        &self,
        caller: &Caller,
        status: Option<SaasSubscriptionStatus>,
    ) -> Answer<Vec<SaasSubscription>> {
        let found = self.all_subscriptions(caller)?;
        let shown = found.iter().map(subscription_view);
        Ok(shown.filter(|shown| status.is_none_or(|status| shown.status == status)).collect())
    }

    fn saas_subscribe(&self, caller: &Caller, new: &SaasNewSubscription) -> Answer<SaasSubscription> {
        let account = caller.account_for(None)?;
        let plan = self.plan(caller, new.plan)?.name;
        let wanted = |pay_by| NewSubscription { plan: plan.clone(), pay_by, payment_method: None };
        let begun = match self.subscriptions.subscribe(caller, &account, &wanted(PayBy::Wallet)) {
            Err(problem) if problem.code == "insufficient_funds" => {
                self.subscriptions.subscribe(caller, &account, &wanted(PayBy::Payment))
            }
            begun => begun,
        };
        begun.map(|begun| subscription_view(&begun))
    }

    fn saas_unsubscribe(&self, caller: &Caller, id: &str) -> Answer<SaasSubscription> {
        let missing = || Problem::not_found(format!("there is no subscription `{id}`"));
        let (account, _) = id.rsplit_once('-').ok_or_else(missing)?;
        let latest = self.subscriptions.subscription(caller, account).map_err(|_| missing())?.value;
        if latest.id != id {
            return Err(missing());
        }
        let asked = SubscriptionCancellation { at: When::PeriodEnd, refund: false };
        let ended = self.subscriptions.cancel_subscription(caller, account, IfMatch(None), &asked)?;
        Ok(subscription_view(&ended.value))
    }

    fn saas_invoices(&self, caller: &Caller, status: Option<SaasInvoiceStatus>) -> Answer<Vec<SaasInvoice>> {
        let query = InvoicesQuery { limit: Some(LIMIT_MAX), ..InvoicesQuery::default() };
        let sent = self.invoices.invoices(caller, &query)?.items.into_iter().filter_map(|invoice| {
            let status = match invoice.status {
                InvoiceStatus::Sent => SaasInvoiceStatus::Pending,
                InvoiceStatus::Paid => SaasInvoiceStatus::Paid,
                InvoiceStatus::Overdue => SaasInvoiceStatus::Overdue,
                _ => return None,
            };
            Some(SaasInvoice {
                id: invoice.invoice_number.unwrap_or(invoice.id),
                user: invoice.account,
                subscription: None,
                amount: invoice.amount_due.unwrap_or(invoice.gross_amount),
                currency: invoice.currency,
                status,
                due_date: invoice.due_at,
                created_at: invoice.created_at,
            })
        });
        let mut found: Vec<SaasInvoice> = sent.collect();
        for subscription in self.all_subscriptions(caller)? {
            found.extend(self.of_subscription(caller, &subscription)?);
        }
        Ok(found.into_iter().filter(|found| status.is_none_or(|status| found.status == status)).collect())
    }

    fn saas_pay(&self, caller: &Caller, to_pay: &SaasToPay) -> Answer<SaasPaymentIntent> {
        let id = &to_pay.invoice_id;
        let (account, purpose) = match self.invoices.invoice(caller, id) {
            Ok(invoice) => (invoice.value.account, PaymentPurpose::Invoice { number: id.clone() }),
            Err(problem) if problem.status == 404 => self.price_of(caller, id, problem)?,
            Err(problem) => return Err(problem),
        };
        let new = NewPayment {
            account: Some(account),
            provider: PaymentProvider::Stripe,
            amount: None,
            purpose,
            payment_method: None,
            save_method: false,
        };
        let begun = self.payments.pay_once(caller, new)?;
        Ok(SaasPaymentIntent {
            invoice_id: id.clone(),
            client_secret: begun.client_secret,
            payment_id: begun.id,
            amount: begun.amount,
            currency: begun.currency,
            pay_url: begun.pay_url,
        })
    }

    fn saas_paid(&self, caller: &Caller, payment: &SaasPaymentSuccess) -> Answer<SaasPaid> {
        let now = self.payments.refresh_payment(caller, &payment.payment_id)?.value;
        let is_paid = now.state == PaymentState::Succeeded;
        let invoice_id = match now.purpose {
            PaymentPurpose::Invoice { number } => number,
            PaymentPurpose::Subscription { id, .. } => id,
            PaymentPurpose::TopUp | PaymentPurpose::Bundle { .. } => {
                return Err(Problem::field("payment_id", "is not of an invoice"));
            }
        };
        if payment.invoice_id.as_ref().is_some_and(|asked| *asked != invoice_id) {
            return Err(Problem::field("invoice_id", format!("the payment is of `{invoice_id}`")));
        }
        Ok(SaasPaid {
            payment_id: now.id,
            invoice_id,
            status: if is_paid { SaasInvoiceStatus::Paid } else { SaasInvoiceStatus::Pending },
            detail: now.failure.map(|failure| failure.message),
        })
    }
}

impl SaasClients {
    /// The period that a subscription of this id waits for; the problem is that of an invoice that is not there.
    fn price_of(&self, caller: &Caller, id: &str, missing: Problem) -> Answer<(String, PaymentPurpose)> {
        let owner = id.rsplit_once('-').map(|(account, _)| account);
        let latest = owner.map(|account| self.subscriptions.subscription(caller, account));
        match latest {
            Some(Ok(Versioned { value: latest, .. })) if latest.id == id => {
                let purpose = PaymentPurpose::Subscription { id: latest.id, period: None, plan: None };
                Ok((latest.account, purpose))
            }
            _ => Err(missing),
        }
    }

    fn all_plans(&self, caller: &Caller) -> Answer<Vec<SubscriptionPlan>> {
        let query = SubscriptionPlansQuery {
            on_offer: Some(true),
            limit: Some(LIMIT_MAX),
            ..SubscriptionPlansQuery::default()
        };
        Ok(self.plans.subscription_plans(caller, &query)?.items)
    }

    fn plan(&self, caller: &Caller, id: u32) -> Answer<SubscriptionPlan> {
        let found = self.all_plans(caller)?.into_iter().find(|plan| plan.number == id);
        found.ok_or_else(|| Problem::not_found(format!("there is no plan {id} on offer")))
    }

    fn all_subscriptions(&self, caller: &Caller) -> Answer<Vec<Subscription>> {
        let query = SubscriptionsQuery { limit: Some(LIMIT_MAX), ..SubscriptionsQuery::default() };
        Ok(self.subscriptions.subscriptions(caller, &query)?.items)
    }

    /// The price that a subscription waits for, and what was paid for its periods.
    fn of_subscription(&self, caller: &Caller, of: &Subscription) -> Answer<Vec<SaasInvoice>> {
        let invoice = |id: String, amount, status, due_date, created_at| SaasInvoice {
            id,
            user: of.account.clone(),
            subscription: Some(of.id.clone()),
            amount,
            currency: of.currency,
            status,
            due_date,
            created_at,
        };
        let owed = match of.status {
            SubscriptionStatus::Pending => Some(SaasInvoiceStatus::Pending),
            SubscriptionStatus::PastDue => Some(SaasInvoiceStatus::Overdue),
            _ => None,
        };
        let owed = owed.map(|status| invoice(of.id.clone(), of.price, status, of.next_at, of.started_at));
        let query = SubscriptionPeriodsQuery {
            subscription: Some(of.number),
            limit: Some(LIMIT_MAX),
            ..SubscriptionPeriodsQuery::default()
        };
        let periods = self.subscriptions.subscription_periods(caller, &of.account, &query)?.items;
        let paid = periods.into_iter().filter(|period| period.paid > Money::default()).map(|period| {
            let id = format!("{}-{}", of.id, period.period);
            invoice(id, period.paid, SaasInvoiceStatus::Paid, None, period.charged_at)
        });
        Ok(owed.into_iter().chain(paid).collect())
    }
}

fn tokens(tokens: Tokens) -> SaasTokens {
    SaasTokens { access: tokens.access_token, refresh: tokens.refresh_token }
}

fn plan_view(plan: &SubscriptionPlan) -> SaasPlan {
    SaasPlan {
        id: plan.number,
        name: plan.name.clone(),
        price: plan.price,
        currency: plan.currency,
        duration_days: match plan.period.kind {
            PeriodKind::Days => plan.period.days.unwrap_or(1).into(),
            PeriodKind::Month => 30,
            PeriodKind::Year => 365,
        },
        description: plan.description.clone(),
    }
}

/// The definition of a plan that there is.
fn input_of(plan: SubscriptionPlan) -> SubscriptionPlanInput {
    SubscriptionPlanInput {
        name: plan.name,
        description: plan.description,
        price: plan.price,
        currency: plan.currency,
        period: plan.period,
        bundle: plan.bundle,
        tokens: plan.tokens,
        trial_days: plan.trial_days,
        recurring: plan.recurring,
        plan: plan.plan,
        time_zone: plan.time_zone,
        on_offer: plan.on_offer,
    }
}

/// A definition with what these clients know of it.
fn with(plan: SubscriptionPlanInput, input: SaasPlanInput) -> SubscriptionPlanInput {
    let days = |days| PeriodLength { kind: PeriodKind::Days, days: Some(days) };
    SubscriptionPlanInput {
        name: input.name,
        price: input.price,
        currency: input.currency,
        description: input.description,
        period: input.duration_days.map_or(plan.period, days),
        ..plan
    }
}

fn subscription_view(subscription: &Subscription) -> SaasSubscription {
    SaasSubscription {
        id: subscription.id.clone(),
        user: subscription.account.clone(),
        plan: subscription.plan_number,
        plan_name: subscription.plan.clone(),
        status: match subscription.status {
            SubscriptionStatus::Pending => SaasSubscriptionStatus::Pending,
            SubscriptionStatus::Trialing | SubscriptionStatus::Active => SaasSubscriptionStatus::Active,
            SubscriptionStatus::Ending | SubscriptionStatus::Cancelled => SaasSubscriptionStatus::Cancelled,
            SubscriptionStatus::PastDue | SubscriptionStatus::Expired => SaasSubscriptionStatus::Expired,
        },
        start_date: subscription.started_at,
        end_date: subscription.period_ends_at,
    }
}
