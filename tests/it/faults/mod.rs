//! What becomes of calls when server and network misbehave, in every way that raw sockets can.
//!
//! Time is virtual and flies while a call is under way, so that nothing waits, and how long a call
//! took is exact. A time-out is a thousand ticks at least, and the loopback needs a few dozen.
mod answers;
mod calls;
mod dropped;
mod errors;
mod network;
mod pool;
mod quota;
mod row;
