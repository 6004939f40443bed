//! The clients of the token-subscription service: answers of the other services in the words and with the statuses that these
//! clients know.

use std::fmt;
use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::bundles::{BundleState, BundlesQuery, BundlesService, NewConsumption};
use tollgate_api::caller::Caller;
use tollgate_api::extract::{IdempotencyKey, IfMatch};
use tollgate_api::page::LIMIT_MAX;
use tollgate_api::payments::{NewPayment, PaymentProvider, PaymentPurpose, PaymentState, PaymentsService};
use tollgate_api::problem::Problem;
use tollgate_api::subscription_plans::{
    PeriodKind, PeriodLength, SubscriptionPlan, SubscriptionPlansQuery, SubscriptionPlansService,
};
use tollgate_api::subscriptions::{
    NewSubscription, PayBy, Revenue, Subscription, SubscriptionCancellation, SubscriptionPeriodsQuery,
    SubscriptionStatus, SubscriptionsService, TokenUsage, TokenUsageQuery, WantedChange, When,
};
use tollgate_api::time::Time;
use tollgate_api::token_clients::{
    TokenClientsService, TokenConsumed, TokenConsumption, TokenPayment, TokenPaymentMethod,
    TokenPaymentStatus, TokenPlan, TokenPurchase, TokenPurchased, TokenSubscription,
};
use tollgate_storage::clock::now;

/// The status of what these clients know as a bad request.
const BAD_REQUEST: u16 = 400;
/// The unit of the bundles that hold tokens.
const TOKENS: &str = "tokens";
/// The purpose of tokens that were used without a description.
const UNNAMED: &str = "tokens";

/// Answers the clients of the token-subscription service.
pub struct TokenClients {
    plans: Arc<dyn SubscriptionPlansService>,
    subscriptions: Arc<dyn SubscriptionsService>,
    bundles: Arc<dyn BundlesService>,
    payments: Arc<dyn PaymentsService>,
    /// The providers that are configured.
    providers: Vec<PaymentProvider>,
}

/// The thing that is to be paid for a plan.
enum ToPay {
    /// Nothing: it is begun.
    Nothing(Box<Subscription>),
    /// The period that a subscription waits for.
    Period { id: String },
    /// The change of a subscription to the plan.
    Change { id: String },
}

impl fmt::Debug for TokenClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenClients").finish_non_exhaustive()
    }
}

impl TokenClientsService for TokenClients {
    fn token_plans(&self, caller: &Caller) -> Answer<Vec<TokenPlan>> {
        let mut plans: Vec<TokenPlan> = self.offered(caller)?.iter().map(plan_view).collect();
        plans.sort_by_key(|plan| plan.id);
        Ok(plans)
    }

    fn token_purchase(&self, caller: &Caller, purchase: &TokenPurchase) -> Answer<TokenPurchased> {
        let account = caller.account_for(None)?;
        let plan = self.offered(caller)?.into_iter().find(|plan| plan.number == purchase.plan_id);
        let plan = plan
            .ok_or_else(|| Problem::not_found(format!("there is no plan {} on offer", purchase.plan_id)))?;
        if let Some(provider) = self.provider_of(purchase.payment_method) {
            return self.pay(caller, &account, (&plan, purchase.payment_method), provider);
        }
        let bought = self.buy(caller, &account, &plan.name)?;
        self.bought(caller, &account, (&plan, purchase.payment_method), &bought)
    }

    fn token_subscription(&self, caller: &Caller) -> Answer<TokenSubscription> {
        let account = caller.account_for(None)?;
        let subscription = self.subscriptions.subscription(caller, &account)?.value;
        self.view(caller, &account, &subscription)
    }

    fn token_consume(
        &self,
        caller: &Caller,
        consumption: TokenConsumption,
        key: &IdempotencyKey,
    ) -> Answer<TokenConsumed> {
        let account = caller.account_for(None)?;
        let subscription = self.subscriptions.subscription(caller, &account)?.value;
        if !subscription.active {
            let problem = Problem::wrong_state("the subscription is not active");
            return Err(Problem { status: BAD_REQUEST, ..problem });
        }
        let TokenConsumption { tokens, description } = consumption;
        let description = if description.is_empty() { UNNAMED.to_owned() } else { description };
        let new = NewConsumption { tokens, description: description.clone() };
        let used = self.bundles.consume(caller, &account, new, key).map_err(known)?;
        Ok(TokenConsumed {
            used_tokens: used.tokens,
            tokens_remaining: used.left,
            description,
            usage_date: used.at,
        })
    }

    fn tokens_used(&self, caller: &Caller) -> Answer<TokenUsage> {
        let account = caller.account_for(None)?;
        self.subscriptions.token_usage(caller, &account, TokenUsageQuery::default())
    }

    fn token_revenue(&self, caller: &Caller) -> Answer<Revenue> {
        self.subscriptions.subscription_revenue(caller)
    }
}

impl TokenClients {
    /// Translates the answers of these services.
    pub fn new(
        plans: Arc<dyn SubscriptionPlansService>,
        subscriptions: Arc<dyn SubscriptionsService>,
        bundles: Arc<dyn BundlesService>,
        payments: Arc<dyn PaymentsService>,
        providers: Vec<PaymentProvider>,
    ) -> Self {
        Self { plans, subscriptions, bundles, payments, providers }
    }

    /// The provider of a way to pay; `None` where the wallet pays, as none is configured.
    fn provider_of(&self, method: TokenPaymentMethod) -> Option<PaymentProvider> {
        let provider = match method {
            TokenPaymentMethod::Wallet => return None,
            TokenPaymentMethod::CreditCard | TokenPaymentMethod::Stripe => PaymentProvider::Stripe,
            TokenPaymentMethod::Paypal => PaymentProvider::Paypal,
        };
        Some(provider).filter(|provider| self.providers.contains(provider))
    }

    /// Begins the payment of a plan. The subscription follows once the money is there.
    fn pay(
        &self,
        caller: &Caller,
        account: &str,
        (plan, method): (&SubscriptionPlan, TokenPaymentMethod),
        provider: PaymentProvider,
    ) -> Answer<TokenPurchased> {
        let (id, change) = match self.to_pay(caller, account, &plan.name)? {
            ToPay::Nothing(begun) => return self.bought(caller, account, (plan, method), &begun),
            ToPay::Period { id } => (id, None),
            ToPay::Change { id } => (id, Some(plan.name.clone())),
        };
        let new = NewPayment {
            account: Some(account.to_owned()),
            provider,
            amount: None,
            purpose: PaymentPurpose::Subscription { id, period: None, plan: change },
            payment_method: None,
            save_method: false,
        };
        let begun = self.payments.pay_once(caller, new)?;
        Ok(TokenPurchased {
            payment_id: begun.id.clone(),
            client_secret: begun.client_secret,
            approval_url: begun.approve_url,
            subscription: None,
            payment: TokenPayment {
                transaction_id: begun.id,
                user: account.to_owned(),
                plan: plan.number,
                amount: begun.amount,
                currency: begun.currency,
                payment_method: method,
                status: match begun.state {
                    PaymentState::Succeeded => TokenPaymentStatus::Completed,
                    PaymentState::Failed | PaymentState::Cancelled => TokenPaymentStatus::Failed,
                    _ => TokenPaymentStatus::Pending,
                },
                payment_date: begun.created_at,
            },
        })
    }

    /// Finds out what is to be paid so that an account has a plan. A subscription that waits for the price of another plan is cancelled.
    fn to_pay(&self, caller: &Caller, account: &str, plan: &str) -> Answer<ToPay> {
        let present = match self.subscriptions.subscription(caller, account) {
            Err(problem) if problem.status == 404 => None,
            found => Some(found?.value),
        };
        let waits = |status| matches!(status, SubscriptionStatus::Pending | SubscriptionStatus::PastDue);
        if let Some(present) = present {
            if present.active {
                return Ok(ToPay::Change { id: present.id });
            }
            if waits(present.status) && present.plan == plan {
                return Ok(ToPay::Period { id: present.id });
            }
            if waits(present.status) {
                let asked = SubscriptionCancellation { at: When::Now, refund: false };
                self.subscriptions.cancel_subscription(caller, account, IfMatch(None), &asked)?;
            }
        }
        let new = NewSubscription { plan: plan.to_owned(), pay_by: PayBy::Payment, payment_method: None };
        let begun = self.subscriptions.subscribe(caller, account, &new)?;
        // A trial costs nothing.
        Ok(if begun.active { ToPay::Nothing(Box::new(begun)) } else { ToPay::Period { id: begun.id } })
    }

    /// The answer about what was paid from the wallet.
    fn bought(
        &self,
        caller: &Caller,
        account: &str,
        (plan, payment_method): (&SubscriptionPlan, TokenPaymentMethod),
        bought: &Subscription,
    ) -> Answer<TokenPurchased> {
        let payment = TokenPayment {
            transaction_id: format!("{account}-{}-{}", bought.number, bought.period),
            user: account.to_owned(),
            plan: plan.number,
            amount: bought.price,
            currency: bought.currency,
            payment_method,
            status: TokenPaymentStatus::Completed,
            payment_date: Time(now()),
        };
        Ok(TokenPurchased {
            payment_id: payment.transaction_id.clone(),
            payment,
            client_secret: None,
            approval_url: None,
            subscription: Some(self.view(caller, account, bought)?),
        })
    }

    fn offered(&self, caller: &Caller) -> Answer<Vec<SubscriptionPlan>> {
        let query = SubscriptionPlansQuery {
            on_offer: Some(true),
            limit: Some(LIMIT_MAX),
            ..SubscriptionPlansQuery::default()
        };
        Ok(self.plans.subscription_plans(caller, &query)?.items)
    }

    /// Makes a subscription, or begins a period of the plan in the one that there is.
    fn buy(&self, caller: &Caller, account: &str, plan: &str) -> Answer<Subscription> {
        let present = match self.subscriptions.subscription(caller, account) {
            Err(problem) if problem.status == 404 => None,
            found => Some(found?.value.status),
        };
        match present {
            None | Some(SubscriptionStatus::Cancelled | SubscriptionStatus::Expired) => {
                self.subscriptions.subscribe(
                    caller,
                    account,
                    &NewSubscription { plan: plan.to_owned(), pay_by: PayBy::Wallet, payment_method: None },
                )
            }
            Some(SubscriptionStatus::PastDue | SubscriptionStatus::Pending) => {
                Ok(self.subscriptions.pay_subscription(caller, account, IfMatch(None))?.value)
            }
            Some(_) => {
                let wanted = WantedChange { plan: plan.to_owned(), at: When::Now, dry_run: false };
                let changed =
                    self.subscriptions.change_subscription(caller, account, IfMatch(None), &wanted)?;
                Ok(changed.value.subscription)
            }
        }
    }

    fn view(&self, caller: &Caller, account: &str, subscription: &Subscription) -> Answer<TokenSubscription> {
        let query = BundlesQuery {
            state: Some(BundleState::Active),
            limit: Some(LIMIT_MAX),
            ..BundlesQuery::default()
        };
        let bundles = self.bundles.bundles(caller, account, &query)?.items;
        let tokens = bundles.iter().filter(|bundle| bundle.unit == TOKENS);
        let left = tokens.fold(0_u64, |sum, bundle| sum.saturating_add(bundle.left));
        let begun = SubscriptionPeriodsQuery { limit: Some(1), ..SubscriptionPeriodsQuery::default() };
        let begun = self.subscriptions.subscription_periods(caller, account, &begun)?.items;
        Ok(TokenSubscription {
            plan: TokenPlan {
                id: subscription.plan_number,
                name: subscription.plan.clone(),
                price: subscription.price,
                currency: subscription.currency,
                tokens_included: subscription.tokens.unwrap_or(0),
                duration_days: days_of(subscription.period_length),
                is_recurring: subscription.recurring,
                description: subscription.description.clone(),
            },
            is_active: subscription.active && left > 0,
            tokens_remaining: left,
            start_date: begun.first().map_or(subscription.started_at, |period| period.charged_at),
            end_date: subscription.period_ends_at,
        })
    }
}

/// A plan as these clients know it.
fn plan_view(plan: &SubscriptionPlan) -> TokenPlan {
    TokenPlan {
        id: plan.number,
        name: plan.name.clone(),
        price: plan.price,
        currency: plan.currency,
        tokens_included: plan.tokens.unwrap_or(0),
        duration_days: days_of(plan.period),
        is_recurring: plan.recurring,
        description: plan.description.clone(),
    }
}

/// The days of a period, as clients without a calendar count them.
fn days_of(length: PeriodLength) -> u32 {
    match length.kind {
        PeriodKind::Days => length.days.unwrap_or(1).into(),
        PeriodKind::Month => 30,
        PeriodKind::Year => 365,
    }
}

/// A problem with the status that these clients know it by.
fn known(problem: Problem) -> Problem {
    match problem.code.as_str() {
        "insufficient_tokens" => Problem { status: BAD_REQUEST, ..problem },
        _ => problem,
    }
}
