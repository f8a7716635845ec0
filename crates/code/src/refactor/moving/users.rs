//! Those who use what moves.

use super::Moving;
use crate::analysis::{Platform, UsageFound};
use crate::refactor::naming::{Wish, around};
use crate::refactor::ns_form::{Lib, Platforms, Require};
use crate::refactor::reason::{Reason, Why};
use crate::refactor::renaming::package;
use crate::refactor::work::Work;

impl Moving<'_> {
    /// Writes every use of what moves as it has to be.
    pub(super) fn users(&mut self) {
        for file in 0..self.work.sources.len() {
            let uses = self.work.tokens(file, |at| !self.in_moved(file, at));
            for ((start, end), used) in uses {
                if used.iter().any(|used| self.moves(used.to.as_deref(), &used.name)) {
                    self.user(file, start, end, &used);
                }
            }
        }
    }

    fn user(&mut self, file: usize, start: usize, end: usize, used: &[&UsageFound]) {
        if self.work.is_load(file, start) {
            let message = format!("a call outside of an `ns` form refers to {}", used[0].name);
            let help = "put it into the `ns` form first";
            return self.work.refuse(file, &used[0].name_at, Why::Unsupported, message, help);
        }
        let token = &self.work.outlines[file].text[start..end];
        let mut written: Vec<String> = Vec::new();
        for (used, platforms) in self.work.by_meaning(file, used) {
            let text = match self.moves(used.to.as_deref(), &used.name) {
                true => self.user_written(file, token, start, used, platforms),
                false => Some(token.to_owned()),
            };
            let Some(text) = text else { return };
            if !written.contains(&text) {
                written.push(text);
            }
        }
        match (written.len(), written.pop()) {
            (1, Some(text)) => self.work.edit(file, start..end, text),
            _ => {
                let message = format!("`{token}` does not mean the same on all platforms");
                let help = "write it in a reader conditional first";
                self.work.refuse(file, &used[0].name_at, Why::Unsupported, message, help);
            }
        }
    }

    fn user_written(
        &mut self,
        file: usize,
        token: &str,
        start: usize,
        used: &UsageFound,
        platforms: Platforms,
    ) -> Option<String> {
        let name = &*used.name;
        let to = self.target.ns.clone();
        let by_var = self.work.outlines[file].text[..start].ends_with("#'");
        if self.home.privates.contains(name) && *used.from != *to && !by_var {
            let message = format!("{name} is private and used here");
            let help = "move what uses it too, or make it public first";
            self.work.refuse(file, &used.name_at, Why::Lost, message, help);
            return None;
        }
        let (before, behind) = around(token, name).unwrap_or(("-", ""));
        // What everyone can load, everyone loads.
        let everyone = self.work.outlines[file].platforms;
        let loaders = if everyone.within(self.target.platforms) { everyone } else { platforms };
        let is_class =
            self.is_class(&self.home.ns.clone(), name) && !platforms.contains(Platform::Cljs);
        let (home, sources) = (self.home.ns.clone(), self.work.sources);
        let at_home = *used.from == *home;
        if before.ends_with('.') {
            return Some(format!("{}.{name}{behind}", package(&to)));
        }
        let Some(naming) = self.work.naming_at(file, start, &used.from) else {
            let message = format!("{} has no `ns` form here that could require {to}", used.from);
            self.work.refuse(file, &used.name_at, Why::Unsupported, message, "move it by hand");
            return None;
        };
        if before.is_empty() && is_class {
            // Where it is imported, the import follows.
            if at_home {
                naming.load(&to, loaders);
                let class = naming.class(&package(&to), name, platforms);
                return Some(format!("{class}{behind}"));
            }
            return Some(token.to_owned());
        }
        let is_alias = |lib: &Lib| lib.alias.as_deref() == Some(&*home);
        let is_full =
            before.strip_suffix('/') == Some(&*home) && !naming.form.libs().iter().any(is_alias);
        let wish = match before {
            "" if !at_home => Wish::Plain,
            _ if is_full => Wish::Full,
            _ => Wish::Alias(None),
        };
        let shadowed = |name: &str| Work::is_local(sources, file, start, name);
        Some(format!("{}{behind}", naming.var(&to, name, &wish, loaders, &shadowed)))
    }

    /// What `ns` forms say of what moves: names that they refer to, classes that they import.
    pub(super) fn forms(&mut self) {
        for file in 0..self.work.sources.len() {
            for ns in 0..self.work.outlines[file].ns_forms.len() {
                self.refers(file, ns);
                self.imports(file, ns);
            }
        }
    }

    fn refers(&mut self, file: usize, ns: usize) {
        let (home, vars) = (self.home.ns.clone(), self.home.vars.clone());
        let form = &self.work.outlines[file].ns_forms[ns].form;
        let of_home = |lib: &&Lib| lib.ns == home;
        let libs: Vec<Lib> = form.libs().iter().filter(of_home).cloned().collect();
        let in_target = (file, ns) == self.target_key();
        for lib in libs {
            let moved: Vec<String> = lib
                .refers
                .iter()
                .filter(|refer| vars.contains(&refer.original))
                .map(|refer| refer.name.clone())
                .collect();
            if moved.is_empty() {
                continue;
            }
            if let Some(renamed) =
                lib.refers.iter().find(|r| r.name != r.original && moved.contains(&r.name))
            {
                let message = format!(
                    "{} calls {home}/{} `{}` by :rename",
                    form_name(self, file, ns),
                    renamed.original,
                    renamed.name
                );
                self.work.draft.refuse(
                    Reason::new(Why::Unsupported, message).help("use it by an alias first"),
                );
                continue;
            }
            self.work.drop_refers((file, ns), &lib, &moved);
            if !in_target {
                let target = self.target.ns.clone();
                let wanted = Require { refers: moved, ..Require::new(&target, lib.platforms) };
                self.work.naming((file, ns)).form.require(&wanted);
            }
        }
    }

    fn imports(&mut self, file: usize, ns: usize) {
        let (from, to) = (package(&self.home.ns), package(&self.target.ns));
        let form = &self.work.outlines[file].ns_forms[ns].form;
        let moved: Vec<_> = form
            .imports()
            .iter()
            .filter(|import| import.package == from && self.home.vars.contains(&import.class))
            .cloned()
            .collect();
        if moved.is_empty() {
            return;
        }
        let in_target = (file, ns) == self.target_key();
        let target = self.target.ns.clone();
        let naming = self.work.naming((file, ns));
        naming.form.drop_imports(|import| {
            import.package == from && moved.iter().any(|m| m.class == import.class)
        });
        for import in moved.iter().filter(|_| !in_target) {
            naming.load(&target, import.platforms);
            naming.form.import(&to, &import.class, import.platforms);
        }
    }
}

fn form_name(moving: &Moving<'_>, file: usize, ns: usize) -> String {
    moving.work.outlines[file].ns_forms[ns].form.name().to_owned()
}
