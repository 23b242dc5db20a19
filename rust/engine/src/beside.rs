//! Work on several threads, one behind the other, in the same order.
//!
//! What one of them has done it hands to the next in parcels of many rows, and the memory of those
//! comes back to be filled again; so no more than a few thousand rows are under way.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

/// Parcels that wait to be opened.
const WAITING: usize = 4;

/// The way of parcels to who works on them.
pub(crate) enum Belt<'a, T> {
    /// To another thread, and back from it.
    Beside(SyncSender<T>, Receiver<T>),
    /// Where there is to be one thread only.
    Here(&'a mut (dyn FnMut(&mut T) + Send)),
}

impl<T: Default> Belt<'_, T> {
    /// Hands a parcel over, and gives one to be filled: an old one, whose content means nothing any
    /// more, or a new one.
    pub(crate) fn give(&mut self, mut full: T) -> T {
        match self {
            Belt::Beside(to, back) => {
                let empty = back.try_recv().unwrap_or_default();
                // Fails only where the other thread has ended, whose panic is passed on.
                let _ = to.send(full);
                empty
            }
            Belt::Here(work) => {
                work(&mut full);
                full
            }
        }
    }
}

/// Does `work` with each parcel that `feed` hands over, on a thread beside it where more than one is to
/// be used. Both have ended when this returns.
pub(crate) fn beside<T: Default + Send>(
    mut work: impl FnMut(&mut T) + Send,
    feed: impl FnOnce(&mut Belt<'_, T>),
) {
    if rayon::current_num_threads() < 2 {
        feed(&mut Belt::Here(&mut work));
        return;
    }
    let (to, parcels) = sync_channel::<T>(WAITING);
    let (give, back) = channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            for mut parcel in parcels {
                work(&mut parcel);
                // Nobody waits for the last ones.
                let _ = give.send(parcel);
            }
        });
        feed(&mut Belt::Beside(to, back));
    });
}

/// Hands a parcel over, and gives one to be filled: an old one, whose content means nothing any more, or a new
/// one. Breaks where nobody takes parcels any more.
pub(crate) type Give<'g, T> = dyn FnMut(T) -> ControlFlow<(), T> + 'g;

/// The most threads that do the work in which order does not matter.
const MOST: usize = 8;

/// Does four kinds of work with parcels, each on threads of its own where more than one is to be used:
/// `feed` hands them over, `first` works on each in turn, `each` on several side by side, and `last`, on
/// the thread of the caller, on each in turn again; it may stop the work. All have ended when this returns.
pub(crate) fn in_line<T: Default + Send>(
    feed: impl FnOnce(&mut Give<'_, T>) + Send,
    mut first: impl FnMut(&mut T) + Send,
    each: impl Fn(&mut T) + Sync,
    mut last: impl FnMut(&mut T) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let threads = rayon::current_num_threads();
    let mut flow = ControlFlow::Continue(());
    if threads < 2 {
        feed(&mut |mut parcel| {
            flow?;
            first(&mut parcel);
            each(&mut parcel);
            flow = last(&mut parcel);
            flow?;
            ControlFlow::Continue(parcel)
        });
        return flow;
    }
    let (to_first, of_feed) = sync_channel::<T>(WAITING);
    let (give, back) = channel::<T>();
    let each = &each;
    thread::scope(|scope| {
        scope.spawn(move || {
            feed(&mut |parcel| match to_first.send(parcel) {
                Ok(()) => ControlFlow::Continue(back.try_recv().unwrap_or_default()),
                Err(_) => ControlFlow::Break(()),
            });
        });
        // Dealt out in turn and taken back in turn, parcels stay in their order.
        let (mut to_each, mut of_each) = (Vec::new(), Vec::new());
        for _ in 0..(threads - 1).min(MOST) {
            let (to, parcels) = sync_channel::<T>(WAITING);
            let (done, of) = sync_channel::<T>(WAITING);
            to_each.push(to);
            of_each.push(of);
            scope.spawn(move || {
                for mut parcel in parcels {
                    each(&mut parcel);
                    if done.send(parcel).is_err() {
                        break;
                    }
                }
            });
        }
        scope.spawn(move || {
            for (mut parcel, to) in of_feed.into_iter().zip(to_each.iter().cycle()) {
                first(&mut parcel);
                if to.send(parcel).is_err() {
                    break;
                }
            }
        });
        // Who finds nobody to hand a parcel to ends, so all end once this one does.
        for of in of_each.iter().cycle() {
            let Ok(mut parcel) = of.recv() else { break };
            flow = last(&mut parcel);
            if flow.is_break() {
                break;
            }
            // Nobody waits for the last ones.
            let _ = give.send(parcel);
        }
        drop(of_each);
    });
    flow
}
