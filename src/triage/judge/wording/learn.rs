//! Logistic regression: stochastic gradient descent with AdaGrad's step sizes (Duchi, Hazan and Singer 2011), and an L1
//! penalty that leaves few weights.

use std::collections::HashMap;

use super::Wording;
use super::examples::{Dice, Example};
use super::features;

/// Times that every example is looked at.
const ROUNDS: usize = 12;
const STEP: f32 = 0.15;
/// What each look takes off a weight, towards nothing.
const PENALTY: f32 = 0.000_4;
/// Weights below this are left out.
const LEAST: f32 = 0.15;

/// Learns from `examples`: the same weights for the same examples in the same order.
pub fn learn(examples: &[Example]) -> Wording {
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut rows: Vec<(Vec<usize>, f32, f32)> = Vec::new();
    for example in examples {
        // An example of several sentences is looked at as one.
        let mut features: Vec<usize> = features::of_all(&example.text)
            .into_iter()
            .map(|feature| {
                let next = names.len();
                *names.entry(feature).or_insert(next)
            })
            .collect();
        features.sort_unstable();
        features.dedup();
        rows.push((features, f32::from(u8::from(example.public)), example.weight));
    }
    let mut model = Model { weights: vec![0.0; names.len()], squares: vec![1e-6; names.len()], bias: 0.0 };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut dice = Dice(2);
    for _ in 0..ROUNDS {
        for at in (1..order.len()).rev() {
            order.swap(at, (dice.next() % (at as u64 + 1)) as usize);
        }
        for row in order.iter().filter_map(|at| rows.get(*at)) {
            model.look(row);
        }
    }
    let weights = names.into_iter().filter_map(|(name, at)| {
        let weight = model.weights.get(at).copied()?;
        (weight.abs() >= LEAST).then_some((name, weight))
    });
    Wording { weights: weights.collect(), bias: model.bias }
}

struct Model {
    weights: Vec<f32>,
    squares: Vec<f32>,
    bias: f32,
}

impl Model {
    fn look(&mut self, (features, public, importance): &(Vec<usize>, f32, f32)) {
        let odds: f32 = features.iter().filter_map(|at| self.weights.get(*at)).sum::<f32>() + self.bias;
        let error = (1.0 / (1.0 + (-odds).exp()) - public) * importance;
        self.bias -= STEP * 0.1 * error;
        for at in features {
            let (Some(weight), Some(square)) = (self.weights.get_mut(*at), self.squares.get_mut(*at)) else { continue };
            *square += error * error;
            let moved = *weight - STEP * error / square.sqrt();
            *weight = moved.signum() * (moved.abs() - PENALTY).max(0.0);
        }
    }
}
