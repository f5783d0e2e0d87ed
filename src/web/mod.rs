//! What the modules for web frameworks have in common.

mod answer;
