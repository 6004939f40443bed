//! Traces of inflated traffic, after public descriptions of it: numbers in sequence or nearly so, random numbers of one
//! narrow range, bursts to networks that were never used, several ranges by turns, slow drips, each number several times.

use crate::trace::{Trace, Writer};
use crate::world::{EXPENSIVE, abroad, at_home, number};

/// The honest traffic of the account before and between.
#[derive(Clone, Copy)]
enum Usual {
    Nothing,
    Home(u64),
    International(u64),
}

fn begin(seed: u64, usual: Usual) -> Writer {
    let mut writer = Writer::of(seed);
    match usual {
        Usual::Nothing => {}
        Usual::Home(messages) => (0..messages).for_each(|_| honest(&mut writer, usual)),
        Usual::International(messages) => (0..messages).for_each(|_| honest(&mut writer, usual)),
    }
    writer
}

fn honest(writer: &mut Writer, usual: Usual) {
    let number = match usual {
        Usual::Home(_) | Usual::Nothing => at_home(&mut writer.random),
        Usual::International(_) => abroad(&mut writer.random),
    };
    writer.honest(number);
}

/// An attack of numbers that `next` makes, among which `honest_percent` are honest.
fn attack(
    writer: &mut Writer,
    usual: Usual,
    messages: u64,
    honest_percent: u64,
    mut next: impl FnMut(&mut Writer, u64) -> u64,
) {
    let mut sent = 0;
    while sent < messages {
        if writer.random.percent(honest_percent) {
            let arriving = writer.arriving(95);
            honest(writer, usual);
            writer.arriving(arriving);
        } else {
            let number = next(writer, sent);
            writer.hostile(number);
            sent += 1;
        }
    }
}

fn target(seed: u64) -> (&'static str, usize) {
    EXPENSIVE[usize::try_from(seed).unwrap() % EXPENSIVE.len()]
}

fn base(writer: &mut Writer, digits: usize, width: u64) -> u64 {
    let room = 10u64.pow(u32::try_from(digits).unwrap());
    writer.random.below(room / width) * width
}

/// Numbers in sequence, each `step` further, sent in runs of `shuffled` in any order, each `times`.
fn sequence(
    seed: u64,
    usual: Usual,
    honest_percent: u64,
    shape: (u64, u64, u64),
    arriving: Option<u64>,
) -> Trace {
    let (step, shuffled, times) = shape;
    let mut writer = begin(seed, usual);
    writer.arriving(arriving);
    let (prefix, digits) = target(seed);
    let first = base(&mut writer, digits, 10_000);
    let mut order: Vec<u64> = (0..300).collect();
    for run in order.chunks_mut(usize::try_from(shuffled).unwrap()) {
        writer.random.shuffle(run);
    }
    attack(&mut writer, usual, 300, honest_percent, |_, sent| {
        let place = order[usize::try_from(sent / times).unwrap()];
        number(prefix, digits, first + place * step)
    });
    writer.named(format!("sequence of {step}, shuffled {shuffled}, {times} times, {honest_percent}% honest"))
}

/// Random numbers of one range of this width.
fn random_in(seed: u64, usual: Usual, honest_percent: u64, width: u64, arriving: Option<u64>) -> Trace {
    let mut writer = begin(seed, usual);
    writer.arriving(arriving);
    let (prefix, digits) = target(seed);
    let first = base(&mut writer, digits, width);
    attack(&mut writer, usual, 300, honest_percent, |writer, _| {
        number(prefix, digits, first + writer.random.below(width))
    });
    writer.named(format!("random among {width}, {honest_percent}% honest"))
}

/// Several ranges of this width by turns.
fn by_turns(seed: u64, usual: Usual, honest_percent: u64, ranges: u64, width: u64) -> Trace {
    let mut writer = begin(seed, usual);
    writer.arriving(40);
    let ranges: Vec<_> = (0..ranges)
        .map(|range| {
            let (prefix, digits) = target(seed + range);
            (prefix, digits, base(&mut writer, digits, width))
        })
        .collect();
    let count = ranges.len();
    attack(&mut writer, usual, 300, honest_percent, |writer, sent| {
        let (prefix, digits, first) = ranges[usize::try_from(sent).unwrap() % count];
        number(prefix, digits, first + writer.random.below(width))
    });
    writer.named(format!("{count} ranges of {width} by turns, {honest_percent}% honest"))
}

/// A message now and then, among much honest traffic.
fn drip(seed: u64, usual: Usual, pause_ms: u64, honest_percent: u64, step: u64) -> Trace {
    let mut writer = begin(seed, usual);
    writer.every(pause_ms);
    writer.arriving(60);
    let (prefix, digits) = target(seed);
    let first = base(&mut writer, digits, 10_000);
    attack(&mut writer, usual, 220, honest_percent, |writer, sent| {
        let offset = if step == 0 { writer.random.below(5_000) } else { sent * step };
        number(prefix, digits, first + offset)
    });
    writer.named(format!("drip of one in {pause_ms} ms, {honest_percent}% honest, step {step}"))
}

/// A sudden burst to all of an expensive network.
fn burst(seed: u64, usual: Usual, honest_percent: u64, arriving: Option<u64>) -> Trace {
    let mut writer = begin(seed, usual);
    writer.every(20);
    writer.arriving(arriving);
    let (prefix, digits) = target(seed);
    attack(&mut writer, usual, 300, honest_percent, |writer, _| {
        number(prefix, digits, writer.random.next() >> 8)
    });
    writer.named(format!("burst to {prefix}, {honest_percent}% honest"))
}

/// A burst to an expensive network that already had a small share.
fn grown_share(seed: u64, before_percent: u64, arriving: Option<u64>) -> Trace {
    let mut writer = Writer::of(seed);
    let (prefix, digits) = target(seed);
    for step in 0..800u64 {
        let is_attack = step >= 500;
        if is_attack && writer.random.percent(60) {
            writer.arriving(arriving);
            let rest = writer.random.next() >> 8;
            writer.hostile(number(prefix, digits, rest));
            writer.arriving(95);
        } else if writer.random.percent(before_percent) {
            let rest = writer.random.next() >> 8;
            writer.honest(number(prefix, digits, rest));
        } else {
            honest(&mut writer, Usual::Home(0));
        }
    }
    writer.named(format!("{prefix} grows from {before_percent}%"))
}

/// The same few numbers again and again.
fn hammered(seed: u64, usual: Usual, numbers: u64, arriving: Option<u64>) -> Trace {
    let mut writer = begin(seed, usual);
    writer.arriving(arriving);
    let (prefix, digits) = target(seed);
    let first = base(&mut writer, digits, 1_000);
    attack(&mut writer, usual, 300, 20, |writer, _| {
        number(prefix, digits, first + writer.random.below(numbers) * 37)
    });
    writer.named(format!("{numbers} numbers again and again"))
}

/// Random numbers of an expensive network from the first message on, of which few exist.
fn from_the_first(seed: u64, arriving: u64) -> Trace {
    let mut writer = Writer::of(seed);
    writer.every(500);
    writer.arriving(arriving);
    let (prefix, digits) = target(seed);
    (0..300).for_each(|_| {
        let rest = writer.random.next() >> 8;
        writer.hostile(number(prefix, digits, rest));
    });
    writer.named(format!("random of {prefix} from the first message on, {arriving}% arrive"))
}

/// Random numbers of a range at home, of which hardly any exists.
fn falling(seed: u64, honest_percent: u64, width: u64, arriving: u64) -> Trace {
    let usual = Usual::Home(400);
    let mut writer = begin(seed, usual);
    let first = base(&mut writer, 6, width.min(1_000_000));
    let mut sent = 0;
    while sent < 300 {
        if writer.random.percent(honest_percent) {
            writer.arriving(95);
            honest(&mut writer, usual);
        } else {
            writer.arriving(arriving);
            let offset = writer.random.below(width);
            writer.hostile(number("254757", 6, first + offset));
            sent += 1;
        }
    }
    writer.named(format!("{arriving}% arrive of {width} at home, {honest_percent}% honest"))
}

/// All of them, with other numbers for each seed.
pub fn traces(seed: u64) -> Vec<Trace> {
    let (none, home, world) = (Usual::Nothing, Usual::Home(150), Usual::International(400));
    let (few, much) = (Usual::Home(60), Usual::International(2_000));
    vec![
        sequence(seed + 1, home, 0, (1, 1, 1), Some(90)),
        sequence(seed + 2, none, 0, (1, 1, 1), None),
        sequence(seed + 3, world, 50, (1, 1, 1), Some(30)),
        sequence(seed + 4, few, 30, (2, 1, 1), None),
        sequence(seed + 5, home, 20, (5, 4, 1), Some(95)),
        sequence(seed + 6, world, 0, (10, 1, 1), Some(0)),
        sequence(seed + 7, home, 60, (1, 300, 1), Some(50)),
        sequence(seed + 8, none, 0, (3, 10, 1), Some(20)),
        sequence(seed + 9, world, 40, (1, 1, 3), Some(70)),
        sequence(seed + 10, home, 0, (1, 50, 5), None),
        sequence(seed + 11, much, 80, (1, 1, 1), Some(60)),
        sequence(seed + 12, home, 50, (7, 300, 2), Some(10)),
        random_in(seed + 20, home, 0, 1_000, Some(90)),
        random_in(seed + 21, world, 40, 10_000, Some(40)),
        random_in(seed + 22, none, 0, 1_000, None),
        random_in(seed + 23, few, 20, 5_000, Some(10)),
        random_in(seed + 24, home, 50, 10_000, None),
        random_in(seed + 25, home, 0, 100_000, Some(60)),
        random_in(seed + 26, world, 30, 100_000, Some(20)),
        random_in(seed + 27, much, 75, 10_000, Some(50)),
        random_in(seed + 28, none, 0, 10_000, Some(30)),
        by_turns(seed + 30, home, 0, 5, 1_000),
        by_turns(seed + 31, world, 30, 10, 10_000),
        by_turns(seed + 32, none, 0, 4, 10_000),
        by_turns(seed + 33, home, 20, 20, 10_000),
        by_turns(seed + 34, few, 0, 3, 200),
        drip(seed + 40, home, 3_000, 0, 1),
        drip(seed + 41, world, 10_000, 50, 3),
        drip(seed + 42, home, 2_000, 80, 0),
        drip(seed + 43, much, 500, 90, 1),
        drip(seed + 44, few, 30_000, 0, 0),
        burst(seed + 50, home, 0, Some(90)),
        burst(seed + 51, world, 40, Some(20)),
        burst(seed + 52, few, 20, None),
        burst(seed + 53, much, 50, Some(60)),
        burst(seed + 54, Usual::Home(35), 10, None),
        grown_share(seed + 55, 5, Some(90)),
        grown_share(seed + 56, 3, None),
        hammered(seed + 57, home, 12, None),
        hammered(seed + 58, none, 6, Some(90)),
        from_the_first(seed + 59, 20),
        falling(seed + 60, 50, 1_000_000, 10),
        falling(seed + 61, 30, 100_000, 20),
        falling(seed + 62, 60, 10_000, 5),
    ]
}
