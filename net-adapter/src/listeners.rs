//! Where does a node listen just now, and how does that change while it runs?

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::rc::{Rc, Weak};

use afterimage_core::Config;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::AbortHandle;

use crate::listen::{self, ListenError};
use crate::reactor::Shared;
use crate::{settings, tasks};

/// A TCP socket, the entry of `bind` that it is for, and its port.
pub(crate) struct Place {
    entry: String,
    port: u16,
    /// The task that takes clients in holds no more than a weak reference, so that the socket closes when this is dropped.
    listener: Rc<TcpListener>,
    task: Option<AbortHandle>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// All sockets that a node listens on.
#[derive(Default)]
pub(crate) struct Listeners {
    places: Vec<Place>,
    unix: Option<UnixPlace>,
}

impl Listeners {
    /// Opens the sockets that a configuration asks for. Nobody is taken in before [`Listeners::serve`].
    pub(crate) fn open(config: &Config) -> Result<Listeners, ListenError> {
        let places = open_all(&config.bind, config.port, settings::backlog(config), &mut Vec::new())?;
        let unix = match &config.unixsocket {
            Some(path) => {
                Some(UnixPlace::open(path, config.unixsocketperm).map_err(|cause| ListenError::unix(path, cause))?)
            }
            None => None,
        };
        Ok(Listeners { places, unix })
    }

    /// Takes in those who connect, from now on.
    pub(crate) fn serve(&mut self, node: &Shared) {
        for place in self.places.iter_mut().filter(|place| place.task.is_none()) {
            let listener: Weak<TcpListener> = Rc::downgrade(&place.listener);
            place.task = Some(tasks::spawn_accept(node.clone(), listener));
        }
        if let Some(unix) = self.unix.as_mut().filter(|unix| unix.task.is_none()) {
            unix.task = Some(tasks::spawn_accept_unix(node.clone(), Rc::clone(&unix.listener)));
        }
    }

    /// Listens on `bind` and `port` instead. The sockets that stay are kept; the others are open before the old ones are closed, unless
    /// the old ones are in the way. After a failure everything is as before.
    pub(crate) fn rebind(&mut self, bind: &[String], port: u16, backlog: i32) -> Result<(), ListenError> {
        let mut old = std::mem::take(&mut self.places);
        let mut result = open_all(bind, port, backlog, &mut old);
        if result.as_ref().is_err_and(ListenError::is_address_in_use) && old.iter().any(|place| place.port == port) {
            // A socket for all addresses is in the way of one for some of them, and the other way round.
            let entries: Vec<String> = old.iter().map(|place| place.entry.clone()).collect();
            let old_port = old.first().map_or(0, |place| place.port);
            old.clear();
            result = open_all(bind, port, backlog, &mut old);
            if result.is_err() {
                old = open_all(&entries, old_port, backlog, &mut old).unwrap_or_default();
            }
        }
        match result {
            Ok(places) => {
                self.places = places;
                Ok(())
            }
            Err(error) => {
                self.places = old;
                Err(error)
            }
        }
    }
}

/// Opens a socket for each entry, or takes the one that is open already out of `kept`. After a failure `kept` is whole again.
fn open_all(bind: &[String], port: u16, backlog: i32, kept: &mut Vec<Place>) -> Result<Vec<Place>, ListenError> {
    let (mut taken, mut rest) = (Vec::new(), Vec::new());
    for place in kept.drain(..) {
        let is_wanted = place.port == port && bind.contains(&place.entry);
        if is_wanted { taken.push(place) } else { rest.push(place) }
    }
    let missing: Vec<String> =
        bind.iter().filter(|entry| taken.iter().all(|place: &Place| place.entry != **entry)).cloned().collect();
    match listen::listen(&missing, port, backlog, taken.is_empty()) {
        Ok(opened) => {
            let opened = opened.into_iter().map(|(entry, listener)| Place {
                entry,
                port,
                listener: Rc::new(listener),
                task: None,
            });
            taken.extend(opened);
            Ok(taken)
        }
        Err(error) => {
            kept.extend(taken);
            kept.extend(rest);
            Err(error)
        }
    }
}

/// A Unix socket. Its file goes with it.
struct UnixPlace {
    path: String,
    listener: Rc<UnixListener>,
    task: Option<AbortHandle>,
}

impl UnixPlace {
    /// As in Redis, a file that is there already makes room, and a mode of 0 leaves the mode as it is.
    fn open(path: &str, mode: u32) -> io::Result<UnixPlace> {
        let _ = fs::remove_file(path);
        let listener = UnixListener::bind(path)?;
        if mode != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        }
        Ok(UnixPlace { path: path.to_owned(), listener: Rc::new(listener), task: None })
    }
}

impl Drop for UnixPlace {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        let _ = fs::remove_file(&self.path);
    }
}
