//! Logistic regression: stochastic gradient descent with AdaGrad's step sizes (Duchi, Hazan and Singer 2011), over features
//! scaled by how differently often the two sides have them (Wang and Manning 2012, "Baselines and Bigrams").

use std::collections::HashMap;

use super::examples::{Dice, Example};
use super::features::{Feature, Vocabulary, whole};
use super::{Odds, Wording};

/// Times that every example is looked at, and from which on what is learned counts: the mean of the last ones, which hangs less
/// on the order of the examples.
const ROUNDS: usize = 30;
const SETTLED: usize = 15;
const STEP: f32 = 0.1;
/// The price of weights: half of it for the sum of their squares (ridge), against the loss of all examples.
const PRICE: f32 = 20.0;
/// Features that fewer examples have say nothing about others.
const SEEN: usize = 2;
/// Against a division by nothing.
const TINY: f32 = 1e-6;
/// Weights below this are left out.
const LEAST: f32 = 0.2;

/// Learns from `examples`: the same weights for the same examples in the same order.
pub fn learn(examples: &[Example]) -> Wording {
    let mut vocabulary = Vocabulary::default();
    let sentences: Vec<Vec<Feature>> = examples
        .iter()
        // An example of several sentences is looked at as one.
        .map(|example| whole(&example.text, |word| Some(vocabulary.add(word))).features())
        .collect();
    let mut seen: HashMap<Feature, usize> = HashMap::new();
    sentences.iter().flatten().for_each(|feature| *seen.entry(*feature).or_default() += 1);
    let mut names: Vec<(Feature, usize)> = seen.into_iter().filter(|(_, seen)| *seen >= SEEN).collect();
    names.sort_unstable();
    let places: HashMap<Feature, usize> = names.iter().enumerate().map(|(at, (name, _))| (*name, at)).collect();
    let seen: Vec<usize> = names.iter().map(|(_, seen)| *seen).collect();
    let sentences: Vec<Vec<usize>> = sentences
        .iter()
        .map(|features| features.iter().filter_map(|feature| places.get(feature).copied()).collect())
        .collect();
    let answered = |answer: fn(&Example) -> Option<bool>| {
        let rows = sentences.iter().zip(examples);
        let rows = rows.filter_map(|(features, example)| {
            Some(Row { features, yes: answer(example)?, importance: example.weight })
        });
        regress(&rows.collect::<Vec<_>>(), &seen)
    };
    let public = answered(|example| Some(example.says.public()));
    let closed = answered(|example| example.says.closed());
    let always = Odds { public: public.always, closed: closed.always };
    let mut wording = Wording { always, ..Wording::default() };
    let odds = public.weights.into_iter().zip(closed.weights).map(|(public, closed)| Odds { public, closed });
    for ((name, _), odds) in names.into_iter().zip(odds).filter(|(_, odds)| odds.heaviest() >= LEAST) {
        if let Some(feature) = wording.vocabulary.read(&vocabulary.write(name)) {
            wording.weights.insert(feature, odds);
        }
    }
    wording
}

/// A sentence whose answer to the question is known.
struct Row<'a> {
    features: &'a [usize],
    yes: bool,
    importance: f32,
}

/// The weights of one question, by the number of the feature.
struct Regression {
    weights: Vec<f32>,
    always: f32,
}

/// `seen`: how many examples have each feature.
fn regress(rows: &[Row], seen: &[usize]) -> Regression {
    // Each look pays its share of the price, so that a round pays it once.
    let weight = |(scale, seen): (f32, &usize)| Weight { scale, price: PRICE / *seen as f32, ..Weight::default() };
    let mut model = Model { weights: scales(rows, seen.len()).zip(seen).map(weight).collect(), always: 0.0 };
    let mut order: Vec<&Row> = rows.iter().collect();
    let mut dice = Dice(2);
    let mut always = 0.0;
    for round in 0..ROUNDS {
        for at in (1..order.len()).rev() {
            order.swap(at, (dice.next() % (at as u64 + 1)) as usize);
        }
        // Smaller steps towards the end, so that the last examples do not count more than the others.
        let step = STEP * (1.0 - round as f32 / ROUNDS as f32);
        order.iter().for_each(|row| model.look(row, step));
        if round >= SETTLED {
            always += model.always;
            model.weights.iter_mut().for_each(|weight| weight.sum += weight.value);
        }
    }
    let mean = |sum: f32| sum / (ROUNDS - SETTLED) as f32;
    let weights = model.weights.iter().map(|weight| mean(weight.sum) * weight.scale).collect();
    Regression { weights, always: mean(always) }
}

/// For each feature the logarithm of how much more often the sentences with the answer yes have it than those with no: what
/// tells nothing gets no weight, however often it is seen.
fn scales(rows: &[Row], features: usize) -> impl Iterator<Item = f32> {
    let [yes, no] = [true, false].map(|side| {
        let mut counts = vec![1.0_f32; features];
        for at in rows.iter().filter(|row| row.yes == side).flat_map(|row| row.features) {
            counts.get_mut(*at).into_iter().for_each(|count| *count += 1.0);
        }
        let sum: f32 = counts.iter().sum();
        counts.into_iter().map(move |count| count / sum)
    });
    yes.zip(no).map(|(yes, no)| (yes / no).ln())
}

struct Model {
    weights: Vec<Weight>,
    always: f32,
}

#[derive(Default)]
struct Weight {
    /// Before scaling.
    value: f32,
    squares: f32,
    scale: f32,
    price: f32,
    /// Of the values after the last rounds.
    sum: f32,
}

impl Model {
    fn look(&mut self, row: &Row, step: f32) {
        let known = row.features.iter().filter_map(|at| self.weights.get(*at));
        let odds: f32 = known.map(|weight| weight.value * weight.scale).sum::<f32>() + self.always;
        let error = (1.0 / (1.0 + (-odds).exp()) - f32::from(u8::from(row.yes))) * row.importance;
        self.always -= step * 0.1 * error;
        for at in row.features {
            let Some(weight) = self.weights.get_mut(*at) else { continue };
            let slope = error * weight.scale + weight.price * weight.value;
            weight.squares += slope * slope;
            weight.value -= step * slope / (weight.squares + TINY).sqrt();
        }
    }
}
