//! What is measured: a row for each task, the same for every engine.
//!
//! `plan-six-clauses` asks two people, so that nearly all of its time goes into reading and planning the query.
//!
//! Queries are DataScript's; the other engines get them translated, or as their users would write them. The SQL of a row is for
//! tables with a column for each attribute (`entity`, and a table of `id` and `value` for each attribute with many
//! values; of data that have changed, `version` has an entity's row for each transaction that changed it, with `since` and
//! `until`, which is 99 for what is true now); for facts in one table it is made of the query.

/// A task.
#[derive(Clone, Copy)]
pub(crate) enum Task {
    /// A query with its further inputs, as EDN.
    Ask(&'static str, &'static [&'static str]),
    /// A query of a view of data that have changed.
    AskView(View, &'static str),
    /// A pattern, of entity 1.
    Pull(&'static str),
    /// Entity 1 and those it follows, through the entity API, as maps of these attributes.
    Entities(&'static [&'static str]),
    /// 2,000 look-ups of one fact; whether by the function that finds one.
    Find { one: bool },
    /// Transactions into an empty database.
    Add(Batch),
    /// A database of facts that are there already.
    Init,
    /// Every entity retracted in a transaction of its own.
    Retract,
    /// To serialized text.
    Freeze,
    /// And back.
    Thaw,
}

/// What is looked at of data to which a second transaction has said more.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum View {
    /// As they were before it.
    AsOf,
    /// What it said.
    Since,
    /// All that was ever said or taken back.
    History,
}

/// How much a transaction holds.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Batch {
    Fact,
    Entity,
    All,
}

/// One line of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) dataset: &'static str,
    pub(crate) task: Task,
    /// Over a table with a column for each attribute.
    pub(crate) sql: &'static str,
    /// Whether DataScript's own benchmark has it.
    pub(crate) datascript: bool,
}

impl Row {
    /// Whether it has an answer that can be had as EDN or in columns.
    pub(crate) fn is_query(&self) -> bool {
        matches!(self.task, Task::Ask(..) | Task::AskView(..))
    }
}

const RULES: &str = "[:find ?e ?e2 :in $ % :where (follows ?e ?e2)]";
const FOLLOWS: &[&str] =
    &["[[(follows ?x ?y) [?x :follows ?y]] [(follows ?x ?y) [?x :follows ?t] (follows ?t ?y)]]"];
const RULES_SQL: &str = "WITH RECURSIVE f(x, y) AS (SELECT id, value FROM follows \
    UNION SELECT a.id, f.y FROM f CROSS JOIN follows a ON a.value = f.x) SELECT x, y FROM f";

const DEPENDENTS: &[&str] = &[
    "[[(dependent ?s ?on) [?s :statement/uses ?on]] [(dependent ?s ?on) [?s :statement/uses ?t] (dependent ?t ?on)]]",
];

const GENEALOGY: &[&str] = &["[[(author ?d ?p) [?d :dissertation/cid ?p]]
  [(adv ?x ?y) [?x :person/advised ?d] (author ?d ?y)]
  [(univ ?p ?u) [?d :dissertation/cid ?p] [?d :dissertation/univ ?u]]
  [(area ?p ?a) [?d :dissertation/cid ?p] [?d :dissertation/area ?a]]
  [(anc ?x ?y) (adv ?x ?y)]
  [(anc ?x ?y) (adv ?x ?z) (anc ?z ?y)]]"];

macro_rules! rows {
    ($($name:literal $dataset:literal $datascript:literal $task:expr, $sql:expr;)*) => {
        &[$(Row { name: $name, dataset: $dataset, datascript: $datascript, task: $task, sql: $sql }),*]
    };
}

/// All rows: those of DataScript's own benchmark come first.
#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = rows![
    "add-1" "people" true Task::Add(Batch::Fact), "";
    "add-5" "people" true Task::Add(Batch::Entity), "";
    "add-all" "people" true Task::Add(Batch::All), "";
    "init" "people" true Task::Init, "";
    "find-datom" "people" true Task::Find { one: true }, "";
    "find-datoms" "people" true Task::Find { one: false }, "";
    "retract-5" "people" true Task::Retract, "";
    "q1" "people" true Task::Ask("[:find ?e :where [?e :name \"Ivan\"]]", &[]),
        "SELECT id FROM entity WHERE name = 'Ivan'";
    "q2" "people" true Task::Ask("[:find ?e ?a :where [?e :name \"Ivan\"] [?e :age ?a]]", &[]),
        "SELECT id, age FROM entity WHERE name = 'Ivan'";
    "q3" "people" true Task::Ask("[:find ?e ?a :where [?e :name \"Ivan\"] [?e :age ?a] [?e :sex :male]]", &[]),
        "SELECT id, age FROM entity WHERE name = 'Ivan' AND sex = ':male'";
    "q4" "people" true Task::Ask("[:find ?e ?l ?a :where [?e :name \"Ivan\"] [?e :last-name ?l] [?e :age ?a] [?e :sex :male]]", &[]),
        "SELECT id, \"last-name\", age FROM entity WHERE name = 'Ivan' AND sex = ':male'";
    "q5-shortcircuit" "people" true Task::Ask("[:find ?e ?n ?l ?a ?s ?al :in $ ?n ?a :where [?e :name ?n] [?e :age ?a] [?e :last-name ?l] [?e :sex ?s] [?e :alias ?al]]", &["\"Anastasia\"", "35"]),
        "SELECT e.id, name, \"last-name\", age, sex, value FROM entity e JOIN alias USING (id) WHERE name = 'Anastasia' AND age = 35";
    "qpred1" "people" true Task::Ask("[:find ?e ?s :where [?e :salary ?s] [(> ?s 50000)]]", &[]),
        "SELECT id, salary FROM entity WHERE salary > 50000";
    "qpred2" "people" true Task::Ask("[:find ?e ?s :in $ ?min :where [?e :salary ?s] [(> ?s ?min)]]", &["50000"]),
        "SELECT id, salary FROM entity WHERE salary > 50000";
    "pull-one-entities" "wide-4-5" true Task::Entities(&["name"]), "";
    "pull-one" "wide-4-5" true Task::Pull("[:name {:follows ...}]"), "";
    "pull-many-entities" "wide-4-5" true Task::Entities(&["last-name", "alias", "sex", "age", "salary"]), "";
    "pull-many" "wide-4-5" true Task::Pull("[:db/id :last-name :alias :sex :age :salary {:follows ...}]"), "";
    "pull-wildcard" "wide-4-5" true Task::Pull("[* {:follows ...}]"), "";
    "rules-wide-3x3" "wide-3-3" true Task::Ask(RULES, FOLLOWS), RULES_SQL;
    "rules-wide-5x3" "wide-5-3" true Task::Ask(RULES, FOLLOWS), RULES_SQL;
    "rules-wide-7x3" "wide-7-3" true Task::Ask(RULES, FOLLOWS), RULES_SQL;
    "rules-wide-4x6" "wide-4-6" true Task::Ask(RULES, FOLLOWS), RULES_SQL;
    "rules-long-10x3" "long-10-3" true Task::Ask(RULES, FOLLOWS), RULES_SQL;
    "rules-long-30x3" "long-30-3" true Task::Ask(RULES, FOLLOWS), RULES_SQL;
    "rules-long-30x5" "long-30-5" true Task::Ask(RULES, FOLLOWS), RULES_SQL;
    "freeze" "people" true Task::Freeze, "";
    "thaw" "people" true Task::Thaw, "";

    "plan-six-clauses" "long-1-1" false Task::Ask("[:find ?e ?m :where [?e :name ?n] [?e :follows ?f] [?f :name ?m] [?e :name \"Ivan\"] [?f :name ?n] [(!= ?e ?f)]]", &[]), "";
    "q2-switched" "people" false Task::Ask("[:find ?e ?a :where [?e :age ?a] [?e :name \"Ivan\"]]", &[]),
        "SELECT id, age FROM entity WHERE name = 'Ivan'";
    "q4-worst-order" "people" false Task::Ask("[:find ?e ?l ?a :where [?e :age ?a] [?e :last-name ?l] [?e :sex :male] [?e :name \"Ivan\"]]", &[]),
        "SELECT id, \"last-name\", age FROM entity WHERE name = 'Ivan' AND sex = ':male'";
    "q5" "people" false Task::Ask("[:find ?e1 ?l ?a :where [?e :name \"Ivan\"] [?e :age ?a] [?e1 :age ?a] [?e1 :last-name ?l]]", &[]),
        "SELECT DISTINCT e1.id, e1.\"last-name\", e1.age FROM entity e JOIN entity e1 ON e1.age = e.age WHERE e.name = 'Ivan'";
    "group-count" "people" false Task::Ask("[:find ?n (count ?e) :where [?e :name ?n]]", &[]),
        "SELECT name, count(*) FROM entity GROUP BY name";
    "group-average" "people" false Task::Ask("[:find ?s (avg ?m) :with ?e :where [?e :sex ?s] [?e :salary ?m]]", &[]),
        "SELECT sex, avg(salary) FROM entity GROUP BY sex";
    "not" "staff" false Task::Ask("[:find ?e ?a :where [?e :name \"Ivan\"] [?e :age ?a] (not [?e :sex :male])]", &[]),
        "SELECT id, age FROM entity WHERE name = 'Ivan' AND sex <> ':male'";
    "or-join" "staff" false Task::Ask("[:find ?e ?s :where (or-join [?e] [?e :name \"Ivan\"] [?e :age 30]) [?e :salary ?s]]", &[]),
        "SELECT id, salary FROM entity WHERE name = 'Ivan' OR age = 30";
    "not-join" "staff" false Task::Ask("[:find ?e ?a :where [?e :name \"Ivan\"] [?e :age ?a] (not-join [?e] [?e :department ?d] [?d :title \"department 7\"])]", &[]),
        "SELECT id, age FROM entity e WHERE name = 'Ivan' AND NOT EXISTS (SELECT 1 FROM entity d WHERE d.id = e.department AND d.title = 'department 7')";
    "value-join" "staff" false Task::Ask("[:find ?e ?o :where [?e :name \"Ivan\"] [?e :last-name \"Petrov\"] [?e :salary ?s] [?o :salary ?s] [?o :sex :female]]", &[]),
        "SELECT e.id, o.id FROM entity e JOIN entity o ON o.salary = e.salary WHERE e.name = 'Ivan' AND e.\"last-name\" = 'Petrov' AND o.sex = ':female'";
    "five-clauses" "staff" false Task::Ask("[:find ?e ?l ?a ?s :where [?e :name \"Ivan\"] [?e :last-name ?l] [?e :age ?a] [?e :sex :male] [?e :salary ?s]]", &[]),
        "SELECT id, \"last-name\", age, salary FROM entity WHERE name = 'Ivan' AND sex = ':male'";
    "one-department" "staff" false Task::Ask("[:find ?e ?n :where [?d :title \"department 7\"] [?e :department ?d] [?e :name ?n]]", &[]),
        "SELECT e.id, e.name FROM entity d JOIN entity e ON e.department = d.id WHERE d.title = 'department 7'";
    "three-hops" "staff" false Task::Ask("[:find ?e ?t :where [?e :name \"Ivan\"] [?e :department ?d] [?d :division ?v] [?v :title ?t]]", &[]),
        "SELECT e.id, v.title FROM entity e JOIN entity d ON d.id = e.department JOIN entity v ON v.id = d.division WHERE e.name = 'Ivan'";
    "average" "staff" false Task::Ask("[:find (avg ?s) :where [?e :salary ?s]]", &[]),
        "SELECT avg(DISTINCT salary) FROM entity";
    "average-above" "staff" false Task::Ask("[:find ?x (avg ?s) :with ?e :where [?e :salary ?s] [?e :sex ?x] [(> ?s 50000)]]", &[]),
        "SELECT sex, avg(salary) FROM entity WHERE salary > 50000 GROUP BY sex";
    "average-least-most" "staff" false Task::Ask("[:find ?x (avg ?s) (min ?s) (max ?s) :with ?e :where [?e :sex ?x] [?e :salary ?s]]", &[]),
        "SELECT sex, avg(salary), min(salary), max(salary) FROM entity WHERE sex IS NOT NULL GROUP BY sex";
    "as-of-q1" "past" false Task::AskView(View::AsOf, "[:find ?e :where [?e :name \"Ivan\"]]"),
        "SELECT id FROM version WHERE name = 'Ivan' AND since <= 1 AND until > 1";
    "as-of-q2" "past" false Task::AskView(View::AsOf, "[:find ?e ?a :where [?e :name \"Ivan\"] [?e :age ?a]]"),
        "SELECT id, age FROM version WHERE name = 'Ivan' AND since <= 1 AND until > 1";
    "as-of-q3" "past" false Task::AskView(View::AsOf, "[:find ?e ?a :where [?e :name \"Ivan\"] [?e :age ?a] [?e :sex :male]]"),
        "SELECT id, age FROM version WHERE name = 'Ivan' AND sex = ':male' AND since <= 1 AND until > 1";
    "since-ages" "past" false Task::AskView(View::Since, "[:find ?e ?a :where [?e :age ?a]]"),
        "SELECT id, age FROM version WHERE since > 1";
    "history-names" "past" false Task::AskView(View::History, "[:find ?e :where [?e :name]]"),
        "SELECT DISTINCT id FROM version WHERE name IS NOT NULL";
    "history-ages" "past" false Task::AskView(View::History, "[:find ?e ?a ?tx :where [?e :age ?a ?tx]]"),
        "SELECT id, age, since FROM version WHERE age IS NOT NULL UNION SELECT id, age, until FROM version WHERE age IS NOT NULL AND until < 99";
    "history-join" "past" false Task::AskView(View::History, "[:find ?e ?n ?a :where [?e :name ?n] [?e :age ?a]]"),
        "SELECT DISTINCT id, name, age FROM version WHERE age IS NOT NULL";
    "history-retracted" "past" false Task::AskView(View::History, "[:find ?e ?a :where [?e :age ?a _ false]]"),
        "SELECT id, age FROM version WHERE until < 99";
    "history-changes" "past" false Task::AskView(View::History, "[:find ?e ?old ?new :where [?e :age ?old ?tx false] [?e :age ?new ?tx true]]"),
        "SELECT old.id, old.age, new.age FROM version old JOIN version new ON new.id = old.id AND new.since = old.until WHERE old.until < 99";
    "star-skewed" "skew" false Task::Ask("[:find ?e ?z :where [?e :state :open] [?e :region 2] [?e :kind :rare] [?e :size ?z]]", &[]),
        "SELECT id, size FROM entity WHERE state = ':open' AND region = 2 AND kind = ':rare'";
    "triangle" "graph" false Task::Ask("[:find ?a ?b ?c :where [?a :edge ?b] [?b :edge ?c] [?a :edge ?c]]", &[]),
        "SELECT a.id, b.id, b.value FROM edge a JOIN edge b ON b.id = a.value JOIN edge c ON c.id = a.id AND c.value = b.value";
    "code-dependencies" "code" false Task::Ask("[:find ?d ?s :in $ ?f :where [?e :statement/fqn ?f] [?e :statement/dependencies ?d] [?x :statement/fqn ?d] [?x :statement/source ?s]]", &["\"app.part300/f15000\""]),
        "SELECT x.\"statement/fqn\", x.\"statement/source\" FROM entity e JOIN \"statement/dependencies\" d USING (id) JOIN entity x ON x.\"statement/fqn\" = d.value WHERE e.\"statement/fqn\" = 'app.part300/f15000'";
    "code-all-edges" "code" false Task::Ask("[:find ?from ?to :where [?e :statement/fqn ?from] [?e :statement/dependencies ?to]]", &[]),
        "SELECT \"statement/fqn\", value FROM entity JOIN \"statement/dependencies\" USING (id)";
    "code-namespaces" "code" false Task::Ask("[:find ?ns (count ?e) (count ?p) :where [?e :statement/namespace ?ns] [?p :statement/namespace ?ns] [?p :statement/pure? true]]", &[]),
        "SELECT a.\"statement/namespace\", count(*), count(*) FROM entity a JOIN entity b ON a.\"statement/namespace\" = b.\"statement/namespace\" WHERE b.\"statement/pure?\" = 1 GROUP BY 1";
    "code-dependents" "code" false Task::Ask("[:find ?s :in $ % :where (dependent ?s 10)]", DEPENDENTS),
        "WITH RECURSIVE d(s) AS (SELECT id FROM \"statement/uses\" WHERE value = 10 UNION SELECT u.id FROM d CROSS JOIN \"statement/uses\" u ON u.value = d.s) SELECT s FROM d";
    "genealogy-advisors" "genealogy" false Task::Ask("[:find ?n :in $ % :where [?p :person/name \"Person 249995\"] (adv ?x ?p) (adv ?y ?x) [?y :person/name ?n]]", GENEALOGY),
        "SELECT y.\"person/name\" FROM entity p JOIN entity pd ON pd.\"dissertation/cid\" = p.id JOIN \"person/advised\" a ON a.value = pd.id JOIN entity xd ON xd.\"dissertation/cid\" = a.id JOIN \"person/advised\" b ON b.value = xd.id JOIN entity y ON y.id = b.id WHERE p.\"person/name\" = 'Person 249995'";
    "genealogy-university" "genealogy" false Task::Ask("[:find ?n :in $ % :where (adv ?x ?y) (univ ?x ?u) (univ ?y ?u) [?y :person/name ?n]]", GENEALOGY),
        "SELECT DISTINCT p.\"person/name\" FROM \"person/advised\" a JOIN entity yd ON yd.id = a.value JOIN entity xd ON xd.\"dissertation/cid\" = a.id JOIN entity p ON p.id = yd.\"dissertation/cid\" WHERE xd.\"dissertation/univ\" = yd.\"dissertation/univ\"";
    "genealogy-areas" "genealogy" false Task::Ask("[:find ?n :in $ % :where (adv ?x ?y) (area ?x ?a) (area ?y ?b) [(!= ?a ?b)] [?y :person/name ?n]]", GENEALOGY),
        "SELECT DISTINCT p.\"person/name\" FROM \"person/advised\" a JOIN entity yd ON yd.id = a.value JOIN entity xd ON xd.\"dissertation/cid\" = a.id JOIN entity p ON p.id = yd.\"dissertation/cid\" WHERE xd.\"dissertation/area\" <> yd.\"dissertation/area\"";
    "genealogy-ancestors" "genealogy" false Task::Ask("[:find ?n :in $ % :where [?p :person/name \"Person 249995\"] (anc ?x ?p) [?x :person/name ?n]]", GENEALOGY),
        "WITH RECURSIVE anc(x) AS (SELECT a.id FROM entity p JOIN entity d ON d.\"dissertation/cid\" = p.id JOIN \"person/advised\" a ON a.value = d.id WHERE p.\"person/name\" = 'Person 249995' UNION SELECT a.id FROM anc JOIN entity d ON d.\"dissertation/cid\" = anc.x JOIN \"person/advised\" a ON a.value = d.id) SELECT \"person/name\" FROM anc JOIN entity ON id = x";
];
