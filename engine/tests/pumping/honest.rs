//! Traces of traffic that is wanted: one-time codes with second tries, campaigns over one prefix, roaming and travel, blocks of
//! company phones, growth, morning peaks and new markets.

use crate::trace::{Trace, Writer};
use crate::world::{HOME, WORLD, abroad, at_home, number};

/// One-time codes, some of them asked for again.
fn codes(seed: u64, messages: u64, again_percent: u64, abroad_percent: u64) -> Trace {
    let mut writer = Writer::of(seed);
    let mut sent = 0;
    while sent < messages {
        let is_abroad = writer.random.percent(abroad_percent);
        let number = if is_abroad { abroad(&mut writer.random) } else { at_home(&mut writer.random) };
        writer.honest(number);
        sent += 1;
        while writer.random.percent(again_percent) {
            writer.honest(number);
            sent += 1;
        }
    }
    writer.named(format!("codes, {again_percent}% again, {abroad_percent}% abroad"))
}

/// A campaign to customers behind one prefix, after codes at home.
fn campaign(
    seed: u64,
    before: u64,
    target: (&str, usize),
    messages: u64,
    order: Order,
    arriving: Option<u64>,
) -> Trace {
    let mut writer = Writer::of(seed);
    writer.arriving(arriving);
    (0..before).for_each(|_| {
        let number = at_home(&mut writer.random);
        writer.honest(number);
    });
    let (prefix, digits) = target;
    let mut numbers: Vec<u64> =
        (0..messages).map(|_| number(prefix, digits, writer.random.next() >> 8)).collect();
    if order != Order::Any {
        numbers.sort_unstable();
    }
    if let Order::Workers(workers) = order {
        for batch in numbers.chunks_mut(workers) {
            writer.random.shuffle(batch);
        }
    }
    writer.every(20);
    for number in numbers {
        writer.honest(number);
    }
    writer.named(format!("campaign to {messages} of {prefix}, {order:?}, after {before}"))
}

/// The order in which a list of customers is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// As they came.
    Any,
    /// Sorted by number.
    Sorted,
    /// Sorted, by several workers at once.
    Workers(usize),
}

/// A company's phones, in one block of numbers.
fn company_phones(seed: u64, before: u64, phones: u64, rounds: u64, arriving: Option<u64>) -> Trace {
    let mut writer = Writer::of(seed);
    (0..before).for_each(|_| {
        let number = at_home(&mut writer.random);
        writer.honest(number);
    });
    writer.every(50);
    writer.arriving(arriving);
    for round in 0..rounds {
        for phone in 0..phones {
            writer.honest(number("25472240", 4, 1_000 + phone));
        }
        if round % 2 == 0 {
            (0..20).for_each(|_| {
                let number = at_home(&mut writer.random);
                writer.honest(number);
            });
        }
    }
    writer.named(format!("{phones} company phones, {rounds} times, after {before}"))
}

/// Travellers: a growing share of the messages goes to numbers abroad.
fn travel(seed: u64, country: Option<usize>, most_percent: u64) -> Trace {
    let mut writer = Writer::of(seed);
    for step in 0..1_500u64 {
        let percent = most_percent * step / 1_500;
        let number = if writer.random.percent(percent) {
            let (prefix, digits) = country.map_or_else(|| writer.random.of_all(&WORLD), |place| WORLD[place]);
            number(prefix, digits, writer.random.next() >> 8)
        } else {
            at_home(&mut writer.random)
        };
        writer.honest(number);
    }
    writer.named(format!(
        "travel up to {most_percent}%, {}",
        country.map_or("anywhere", |place| WORLD[place].0)
    ))
}

/// Days with a quiet night and a peak in the morning, each busier than the one before.
fn days(seed: u64, growth_percent: u64) -> Trace {
    let (mut writer, mut messages) = (Writer::of(seed), 100);
    for _ in 0..8 {
        for hour in 0..24u64 {
            let share = if (7..10).contains(&hour) { 20 } else { u64::from(hour > 5) * 3 };
            writer.every(3_600_000 / (messages * share / 100).max(1));
            (0..(messages * share / 100).max(1)).for_each(|_| {
                let is_abroad = writer.random.percent(10);
                let number = if is_abroad { abroad(&mut writer.random) } else { at_home(&mut writer.random) };
                writer.honest(number);
            });
        }
        messages += messages * growth_percent / 100;
    }
    writer.named(format!("days that grow by {growth_percent}%"))
}

/// A service that starts in a new country.
fn new_market(seed: u64, place: usize, share_percent: u64) -> Trace {
    let mut writer = Writer::of(seed);
    (0..500).for_each(|_| {
        let number = at_home(&mut writer.random);
        writer.honest(number);
    });
    let (prefix, digits) = WORLD[place];
    (0..800).for_each(|_| {
        let is_new = writer.random.percent(share_percent);
        let number = if is_new {
            number(prefix, digits, writer.random.next() >> 8)
        } else {
            at_home(&mut writer.random)
        };
        writer.honest(number);
    });
    writer.named(format!("new market {prefix}, {share_percent}%"))
}

/// Alarms to the same few people, again and again.
fn alarms(seed: u64, people: u64, messages: u64) -> Trace {
    let mut writer = Writer::of(seed);
    let people: Vec<u64> = (0..people).map(|_| at_home(&mut writer.random)).collect();
    (0..messages).for_each(|_| {
        let number = writer.random.of_all(&people);
        writer.honest(number);
    });
    writer.named(format!("alarms to {} people", people.len()))
}

/// An outage: nothing arrives for a while, wherever it goes.
fn outage(seed: u64, abroad_percent: u64) -> Trace {
    let mut writer = Writer::of(seed);
    for step in 0..900u64 {
        writer.arriving(if (300..600).contains(&step) { 5 } else { 95 });
        let is_abroad = writer.random.percent(abroad_percent);
        let number = if is_abroad { abroad(&mut writer.random) } else { at_home(&mut writer.random) };
        writer.honest(number);
    }
    writer.named(format!("an outage, {abroad_percent}% abroad"))
}

/// A list whose numbers are partly out of use.
fn stale_list(seed: u64, arriving: u64) -> Trace {
    campaign(seed, 200, (HOME[1], 6), 1_000, Order::Any, Some(arriving))
}

/// All of them, with other numbers for each seed.
pub fn traces(seed: u64) -> Vec<Trace> {
    use Order::{Any, Sorted, Workers};
    vec![
        codes(seed + 1, 1_000, 0, 0),
        codes(seed + 2, 1_500, 30, 20),
        codes(seed + 3, 2_000, 15, 100),
        codes(seed + 4, 800, 50, 60),
        codes(seed + 5, 5_000, 10, 40),
        campaign(seed + 10, 0, (HOME[0], 6), 2_000, Any, Some(95)),
        campaign(seed + 11, 200, (HOME[0], 6), 2_000, Sorted, Some(92)),
        campaign(seed + 12, 200, (HOME[2], 6), 5_000, Workers(10), Some(90)),
        campaign(seed + 13, 0, (HOME[0], 6), 10_000, Sorted, None),
        campaign(seed + 14, 300, ("2547225", 5), 500, Any, Some(93)),
        campaign(seed + 15, 300, ("2348031", 6), 1_500, Any, Some(95)),
        campaign(seed + 16, 300, ("551196123", 4), 300, Any, Some(96)),
        campaign(seed + 17, 300, ("4477001", 5), 400, Sorted, Some(94)),
        campaign(seed + 18, 0, ("12045550", 3), 150, Any, Some(97)),
        campaign(seed + 19, 0, ("2547220", 5), 20_000, Workers(30), Some(95)),
        campaign(seed + 20, 300, ("447700", 6), 800, Workers(20), Some(95)),
        company_phones(seed + 30, 0, 60, 3, Some(98)),
        company_phones(seed + 31, 200, 300, 2, Some(97)),
        company_phones(seed + 32, 200, 100, 5, None),
        company_phones(seed + 33, 0, 200, 1, Some(99)),
        travel(seed + 40, None, 40),
        travel(seed + 41, Some(0), 50),
        travel(seed + 42, Some(3), 30),
        days(seed + 50, 20),
        days(seed + 51, 60),
        new_market(seed + 60, 15, 40),
        new_market(seed + 61, 6, 60),
        new_market(seed + 62, 18, 100),
        alarms(seed + 70, 1, 300),
        alarms(seed + 71, 12, 1_000),
        outage(seed + 80, 0),
        outage(seed + 81, 50),
        stale_list(seed + 90, 60),
        stale_list(seed + 91, 75),
    ]
}
