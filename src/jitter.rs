//! Chance, so that not everybody comes back at the same moment.

/// A number from 0 up to 1.
pub(crate) fn jitter() -> f64 {
    let mut random = [0; 4];
    // Without random bytes everybody waits for the longest time, which does no harm.
    match aws_lc_rs::rand::fill(&mut random) {
        Ok(()) => f64::from(u32::from_be_bytes(random)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lies_between_0_and_1_and_varies() {
        let draws: Vec<_> = (0..100).map(|_| jitter()).collect();
        assert!(draws.iter().all(|draw| (0.0..=1.0).contains(draw)));
        assert!(draws.iter().any(|draw| *draw < 0.5) && draws.iter().any(|draw| *draw > 0.5));
    }
}
