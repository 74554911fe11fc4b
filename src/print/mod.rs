//! Floor 4: what goes on paper. So far the QR of a batch; labels and certificates will join it.

pub mod qr;
