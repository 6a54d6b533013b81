//! Logistic regression: stochastic gradient descent with AdaGrad's step sizes (Duchi, Hazan and Singer 2011).

use std::collections::HashMap;

use super::Wording;
use super::examples::{Dice, Example};
use super::features::{Feature, Vocabulary, whole};

/// Times that every example is looked at.
const ROUNDS: usize = 30;
const STEP: f32 = 0.1;
/// The price of weights: half of it for the sum of their squares (ridge), against the loss of all examples.
const PRICE: f32 = 4.0;
/// Features that fewer examples have say nothing about others.
const SEEN: usize = 2;
/// Weights below this are left out.
const LEAST: f32 = 0.1;

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
    let mut names: Vec<Feature> = seen.iter().filter(|(_, seen)| **seen >= SEEN).map(|(name, _)| *name).collect();
    names.sort_unstable();
    let places: HashMap<Feature, usize> = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    let rows: Vec<Row> = sentences
        .iter()
        .zip(examples)
        .map(|(features, example)| Row {
            features: features.iter().filter_map(|feature| places.get(feature).copied()).collect(),
            public: f32::from(u8::from(example.public)),
            importance: example.weight,
        })
        .collect();
    // Each look pays its share of the price, so that a round pays it once.
    let price = |name: &Feature| PRICE / seen.get(name).map_or(1.0, |seen| *seen as f32);
    let mut model = Model {
        weights: names.iter().map(|name| Weight { value: 0.0, squares: 1e-6, price: price(name) }).collect(),
        bias: 0.0,
    };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut dice = Dice(2);
    for round in 0..ROUNDS {
        for at in (1..order.len()).rev() {
            order.swap(at, (dice.next() % (at as u64 + 1)) as usize);
        }
        // Smaller steps towards the end, so that the last examples do not count more than the others.
        let step = STEP * (1.0 - round as f32 / ROUNDS as f32);
        for row in order.iter().filter_map(|at| rows.get(*at)) {
            model.look(row, step);
        }
    }
    let mut wording = Wording { bias: model.bias, ..Wording::default() };
    for (name, weight) in names.into_iter().zip(&model.weights).filter(|(_, weight)| weight.value.abs() >= LEAST) {
        if let Some(feature) = wording.vocabulary.read(&vocabulary.write(name)) {
            wording.weights.insert(feature, weight.value);
        }
    }
    wording
}

struct Row {
    features: Vec<usize>,
    public: f32,
    importance: f32,
}

struct Model {
    weights: Vec<Weight>,
    bias: f32,
}

struct Weight {
    value: f32,
    squares: f32,
    price: f32,
}

impl Model {
    fn look(&mut self, row: &Row, step: f32) {
        let known = row.features.iter().filter_map(|at| self.weights.get(*at));
        let odds: f32 = known.map(|weight| weight.value).sum::<f32>() + self.bias;
        let error = (1.0 / (1.0 + (-odds).exp()) - row.public) * row.importance;
        self.bias -= step * 0.1 * error;
        for at in &row.features {
            let Some(weight) = self.weights.get_mut(*at) else { continue };
            let slope = error + weight.price * weight.value;
            weight.squares += slope * slope;
            weight.value -= step * slope / weight.squares.sqrt();
        }
    }
}
