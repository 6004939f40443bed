//! Answers of the other services in the words of the wecall clients.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{json, to_value};
use tollgate_api::alerts::{Alert, AlertKind, AlertSeverity};
use tollgate_api::answer::Answer;
use tollgate_api::existing_clients::{
    WecallAlert, WecallAlertType, WecallCategory, WecallCountryUsage, WecallInvoice, WecallInvoiceLine,
    WecallInvoiceStatus, WecallOperatorUsage, WecallPeriod, WecallPlan, WecallPlanType, WecallRate,
    WecallSeverity, WecallTier, WecallTransaction, WecallTransactionStatus, WecallTransactionType,
    WecallUsage, WecallWallet,
};
use tollgate_api::invoices::{Invoice, InvoiceLine, InvoiceStatus, InvoiceTax, LineCategory};
use tollgate_api::money::Money;
use tollgate_api::percent::Percent;
use tollgate_api::plans::{Plan, PlanTier};
use tollgate_api::problem::Problem;
use tollgate_api::rate_cards::RateCard;
use tollgate_api::recharges::AutoRecharge;
use tollgate_api::usage::{NetworkUsage, Usage};
use tollgate_api::wallets::{Transaction, TransactionKind, TransactionStatus, Wallet};
use tollgate_engine::money::Discount;

/// A wallet as wecall clients know it.
pub fn wallet(wallet: Wallet, recharge: &AutoRecharge) -> WecallWallet {
    WecallWallet {
        sid: wallet.account.clone(),
        business_sid: wallet.account,
        balance: wallet.balance,
        currency: wallet.currency,
        credit_limit: wallet.credit_limit,
        auto_recharge_enabled: recharge.enabled,
        auto_recharge_amount: recharge.amount,
        auto_recharge_threshold: recharge.threshold,
    }
}

/// A transaction as wecall clients know it.
pub fn transaction(transaction: Transaction) -> WecallTransaction {
    WecallTransaction {
        sid: transaction.id,
        business_sid: transaction.account,
        kind: match transaction.kind {
            TransactionKind::TopUp | TransactionKind::TransferIn | TransactionKind::Payment => {
                WecallTransactionType::Topup
            }
            TransactionKind::SmsDebit => WecallTransactionType::SmsDebit,
            TransactionKind::Refund => WecallTransactionType::Refund,
            // These clients know no other kinds.
            TransactionKind::Adjustment
            | TransactionKind::BundlePurchase
            | TransactionKind::BundleGrant
            | TransactionKind::BundleExpiry
            | TransactionKind::BundleRollover
            | TransactionKind::BundleConsumption
            | TransactionKind::CommissionPayout
            | TransactionKind::TransferOut
            | TransactionKind::PaymentRefund
            | TransactionKind::Dispute
            | TransactionKind::Subscription
            | TransactionKind::CreditNote
            | TransactionKind::Tax => WecallTransactionType::Adjustment,
            TransactionKind::OpeningBalance => WecallTransactionType::OpeningBalance,
            TransactionKind::InvoicePayment => WecallTransactionType::InvoicePayment,
        },
        amount: transaction.amount,
        currency: transaction.currency,
        reference: transaction.reference,
        status: match transaction.status {
            TransactionStatus::Completed => WecallTransactionStatus::Completed,
        },
        details: transaction.details,
        metadata: transaction.metadata.unwrap_or_default().into_iter().collect(),
        created_at: transaction.at,
    }
}

/// A plan with the kind that wecall clients know.
pub fn plan(kind: WecallPlanType, plan: Plan) -> WecallPlan {
    WecallPlan {
        sid: plan.name.clone(),
        kind,
        base_price_per_sms: plan.base_price,
        currency: plan.currency,
        volume_tiers: plan.tiers.iter().map(|listed| tier(listed, plan.base_price)).collect(),
        features: Vec::new(),
        name: plan.name,
    }
}

fn tier(tier: &PlanTier, base_price: Option<Money>) -> WecallTier {
    let percent = tier.discount_percent.map_or(Decimal::ZERO, |percent| percent.0);
    let discount = Discount::from_percent(percent);
    assert!(discount.is_some(), "a plan in force has a discount of {percent} %");
    let discount = discount.unwrap_or_default();
    WecallTier {
        min_messages: tier.from,
        max_messages: tier.to,
        price_per_sms: tier.price_per_sms.or(base_price).map(|price| Money(price.0.discounted(discount))),
        discount_percent: Percent(percent),
    }
}

/// A rate as wecall clients know it.
pub fn rate(rate: RateCard) -> WecallRate {
    let network = rate.mnc.map_or_else(|| rate.mcc.clone(), |mnc| format!("{}-{mnc}", rate.mcc));
    let since = rate.effective_from.map(|at| format!(":{}", at.0.to_rfc3339())).unwrap_or_default();
    WecallRate {
        sid: format!("{}:{network}{since}", rate.plan),
        plan: rate.plan,
        country_code: rate.country_code,
        country_name: rate.country_name,
        operator: rate.operator,
        price_per_sms: rate.price_per_sms,
        currency: rate.currency,
        effective_from: rate.effective_from,
    }
}

/// The usage of an account, with the success rate as a share of one.
pub fn usage(usage: Usage, period: WecallPeriod) -> Answer<WecallUsage> {
    let percent = Decimal::from_str_exact(&usage.success_rate);
    let percent = percent.map_err(|_| Problem::internal("the success rate is not a number"))?;
    let names: BTreeMap<String, String> = usage
        .country_usage
        .iter()
        .filter_map(|country| Some((country.country_code.clone()?, country.country_name.clone()?)))
        .collect();
    let operator = |network: NetworkUsage| {
        let code = network.mnc.map_or_else(|| network.mcc.clone(), |mnc| format!("{}/{mnc}", network.mcc));
        WecallOperatorUsage {
            operator: network.network.unwrap_or(code),
            country: network.country_code.and_then(|code| names.get(&code).cloned()).unwrap_or_default(),
            messages_sent: network.counts.messages_sent,
            cost: network.counts.cost,
        }
    };
    let countries = usage.country_usage.into_iter().map(|country| WecallCountryUsage {
        country_code: country.country_code.unwrap_or_default(),
        country_name: country.country_name.unwrap_or_default(),
        messages_sent: country.counts.messages_sent,
        cost: country.counts.cost,
    });
    Ok(WecallUsage {
        business_sid: usage.account,
        period,
        total_messages_sent: usage.total_messages_sent,
        total_messages_delivered: usage.total_messages_delivered,
        total_messages_failed: usage.total_messages_failed,
        success_rate: (percent / Decimal::ONE_HUNDRED).normalize().to_string(),
        total_cost: usage.total_cost,
        average_cost_per_message: usage.average_cost_per_message,
        currency: usage.currency,
        country_usage: countries.collect(),
        operator_usage: usage.network_usage.into_iter().map(operator).collect(),
    })
}

/// An invoice with the days of the request.
pub fn invoice(invoice: Invoice, first: Date, last: Date) -> Answer<WecallInvoice> {
    // A draft has no number yet, and what was only computed has no id either.
    let tax = tax_line(&invoice);
    let number = invoice.invoice_number;
    let lines = invoice.line_items.into_iter().map(line).chain(tax.map(Ok));
    Ok(WecallInvoice {
        sid: number.clone().or_else(|| Some(invoice.id).filter(|id| !id.is_empty())),
        business_sid: invoice.account,
        invoice_number: number,
        period_start: first.to_string(),
        period_end: last.to_string(),
        total_amount: invoice.gross_amount,
        currency: invoice.currency,
        status: match invoice.status {
            InvoiceStatus::Draft => WecallInvoiceStatus::Draft,
            InvoiceStatus::Sent => WecallInvoiceStatus::Sent,
            InvoiceStatus::Paid => WecallInvoiceStatus::Paid,
            InvoiceStatus::Overdue => WecallInvoiceStatus::Overdue,
            InvoiceStatus::Cancelled => WecallInvoiceStatus::Cancelled,
        },
        line_items: lines.collect::<Answer<_>>()?,
        due_date: invoice.due_at,
        paid_date: invoice.paid_at,
        created_at: invoice.created_at,
    })
}

/// The status of invoices that is asked for.
pub const fn status_asked(status: WecallInvoiceStatus) -> InvoiceStatus {
    match status {
        WecallInvoiceStatus::Draft => InvoiceStatus::Draft,
        WecallInvoiceStatus::Sent => InvoiceStatus::Sent,
        WecallInvoiceStatus::Paid => InvoiceStatus::Paid,
        WecallInvoiceStatus::Overdue => InvoiceStatus::Overdue,
        WecallInvoiceStatus::Cancelled => InvoiceStatus::Cancelled,
    }
}

/// The tax as a line, so that the lines come to the total; none without tax.
fn tax_line(invoice: &Invoice) -> Option<WecallInvoiceLine> {
    let InvoiceTax { category, rate_percent, base, amount, .. } = &invoice.tax;
    let name = invoice.seller.tax_name.as_deref().unwrap_or("Tax");
    (!amount.is_zero()).then(|| WecallInvoiceLine {
        description: format!("{name} {} %", rate_percent.0.normalize()),
        quantity: 1,
        unit_price: *amount,
        total: *amount,
        category: WecallCategory::Other,
        details: json!({ "tax_category": category, "rate_percent": rate_percent, "base": base }),
    })
}

fn line(line: InvoiceLine) -> Answer<WecallInvoiceLine> {
    Ok(WecallInvoiceLine {
        description: line.description,
        quantity: line.quantity,
        unit_price: line.unit_price,
        total: line.total,
        category: match line.category {
            LineCategory::Sms => WecallCategory::Sms,
            LineCategory::Api => WecallCategory::Api,
            LineCategory::Storage => WecallCategory::Storage,
            LineCategory::Support => WecallCategory::Support,
            LineCategory::Rounding | LineCategory::Other => WecallCategory::Other,
        },
        details: to_value(line.details).map_err(|error| Problem::internal(error.to_string()))?,
    })
}

/// An alert; `None` for one that belongs to no account.
pub fn alert(alert: Alert) -> Option<WecallAlert> {
    Some(WecallAlert {
        sid: alert.id,
        business_sid: alert.account?,
        kind: match alert.kind {
            AlertKind::LowBalance => WecallAlertType::LowBalance,
            AlertKind::Overage => WecallAlertType::OverageWarning,
            AlertKind::PaymentDue => WecallAlertType::PaymentDue,
            AlertKind::CreditNearlyUsed
            | AlertKind::OperatorDown
            | AlertKind::ClockInDoubt
            | AlertKind::SpendingCap
            | AlertKind::ChildrenRefused
            | AlertKind::BelowCost
            | AlertKind::AutoRecharge
            | AlertKind::PaymentDispute
            | AlertKind::PaymentContradiction
            | AlertKind::TrafficPumping
            | AlertKind::WebhookEndpoint => WecallAlertType::BillingAlert,
        },
        severity: match alert.severity {
            AlertSeverity::Info => WecallSeverity::Info,
            AlertSeverity::Warning => WecallSeverity::Warning,
            AlertSeverity::Critical => WecallSeverity::Critical,
        },
        message: alert.message,
        threshold: alert.threshold,
        current_value: alert.current_value,
        is_read: alert.is_read,
        created_at: alert.raised_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        Money(text.parse().unwrap())
    }

    #[test]
    #[should_panic(expected = "a plan in force has a discount of 101 %")]
    fn a_discount_of_more_than_everything_is_impossible() {
        let tier = PlanTier {
            from: 1,
            to: None,
            discount_percent: Some(Percent(Decimal::from(101))),
            price_per_sms: None,
        };
        super::tier(&tier, None);
    }

    #[test]
    fn a_tier_says_what_a_segment_costs_in_it() {
        let tier = |discount_percent: Option<&str>, price_per_sms: Option<&str>| {
            let percent = discount_percent.map(|text| Percent(Decimal::from_str_exact(text).unwrap()));
            let own = price_per_sms.map(money);
            let tier = PlanTier { from: 1, to: Some(9), discount_percent: percent, price_per_sms: own };
            let view = super::tier(&tier, Some(money("0.05")));
            (view.price_per_sms, view.discount_percent.0.to_string())
        };
        assert_eq!(tier(None, None), (Some(money("0.05")), "0".to_owned()));
        assert_eq!(tier(Some("7.5"), None), (Some(money("0.04625")), "7.5".to_owned()));
        assert_eq!(tier(None, Some("0.03")), (Some(money("0.03")), "0".to_owned()));
        let refusing = PlanTier { from: 1, to: None, discount_percent: None, price_per_sms: None };
        assert_eq!(super::tier(&refusing, None).price_per_sms, None);
    }
}
