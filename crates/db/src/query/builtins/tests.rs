//! What the functions give.

use super::*;

#[test]
fn the_table_is_sorted() {
    assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
}

#[test]
fn functions_give_what_clojure_gives() {
    let table = [
        ("(+ 1 2 3)", "6"),
        ("(/ 6 3)", "2"),
        ("(/ 1 3)", "1/3"),
        ("(+ 1 0.5)", "1.5"),
        ("(+ 9223372036854775807 1)", "integer overflow"),
        ("(mod -7 3)", "2"),
        ("(rem -7 3)", "-1"),
        ("(* 1.50M 2)", "3.00M"),
        ("(str 1 \"a\" \\b nil :k)", "\"1ab:k\""),
        ("(subs \"hello\" 1 3)", "\"el\""),
        ("(re-find #\"(a)(b)?\" \"xa\")", "[\"a\" \"a\" nil]"),
        ("(clojure.string/split \"a,b,,\" #\",\")", "[\"a\" \"b\"]"),
        ("(< 1 2 3)", "true"),
        ("(= 1 1N)", "true"),
        ("(= 1 1.0)", "false"),
        ("(== 1 1.0)", "true"),
        ("(compare \"a\" \"b\")", "-1"),
        ("(max 1 2.0)", "2.0"),
        ("(max 1 1N)", "1N"),
        ("(min 1.0 1)", "1"),
        ("(max 1 ##NaN 2)", "##NaN"),
        ("(min 3 1 2)", "1"),
        ("(max \"a\")", "\"a\""),
        ("(get-in {:a [1 2]} [:a 1])", "2"),
        ("(range 3)", "(0 1 2)"),
    ];
    for (form, expected) in table {
        let form =
            edn::read_all_with(form, &edn::ReadOptions { clojure: true, ..Default::default() })
                .unwrap();
        let items = form[0].as_seq().unwrap();
        let function = builtin(items[0].as_symbol().unwrap()).unwrap();
        let got = match function.call(&items[1..]) {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, expected, "{items:?}");
    }
}
