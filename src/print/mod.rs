//! Floor 4: what goes on paper and into pictures: the QR of a batch and the graph of where it came from.

pub mod graph;
pub mod qr;
