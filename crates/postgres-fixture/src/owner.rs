//! Who runs the server: whoever we are, but never root, whom PostgreSQL refuses.

use crate::failure::{Failure, cannot};
use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt},
    path::Path,
    process::Command,
};

/// Who may stand in for root, the best first.
const STAND_INS: [&str; 2] = ["postgres", "nobody"];

/// The user who owns the cluster.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owner {
    /// Whoever we are.
    Ourselves,
    /// Another, since we are root.
    Other { uid: u32, gid: u32 },
}

impl Owner {
    pub(crate) fn choose() -> Result<Owner, Failure> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Owner::Ourselves);
        }
        let users = fs::read_to_string("/etc/passwd").map_err(cannot("read the users"))?;
        stand_in(&users).ok_or(Failure::NoOwner)
    }

    /// Hands a folder or file over.
    pub(crate) fn give(self, path: &Path) -> Result<(), Failure> {
        match self {
            Owner::Ourselves => Ok(()),
            Owner::Other { uid, gid } => {
                chown(path, Some(uid), Some(gid)).map_err(cannot("hand the folder over"))
            }
        }
    }

    /// His number, for the name of what is his.
    pub(crate) fn number(self) -> u32 {
        match self {
            Owner::Ourselves => rustix::process::geteuid().as_raw(),
            Owner::Other { uid, .. } => uid,
        }
    }

    /// Lets a program run as the owner.
    pub(crate) fn runs(self, command: &mut Command) {
        match self {
            Owner::Ourselves => {}
            Owner::Other { uid, gid } => {
                command.uid(uid).gid(gid);
            }
        }
    }
}

/// The first stand-in in a file such as `/etc/passwd`.
fn stand_in(users: &str) -> Option<Owner> {
    let find = |wanted: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(wanted))?;
        let mut ids = line.split(':').skip(2).map(str::parse);
        Some(Owner::Other { uid: ids.next()?.ok()?, gid: ids.next()?.ok()? })
    };
    STAND_INS.into_iter().find_map(find)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_comes_before_nobody() {
        let nobody = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        let both = format!("{nobody}postgres:x:101:104::/:/bin/sh\n");
        let ids = |users: &str| match stand_in(users) {
            Some(Owner::Other { uid, gid }) => Some((uid, gid)),
            Some(Owner::Ourselves) | None => None,
        };
        assert_eq!(ids(&both), Some((101, 104)));
        assert_eq!(ids(nobody), Some((65_534, 65_533)));
        assert_eq!(ids("root:x:0:0::/root:/bin/sh\npostgres:x\n"), None);
    }
}
