//! Definitions, scenarios, documents of providers and migrations are compiled into the binary: a change of one is a change of it.

fn main() {
    println!("cargo:rerun-if-changed=connectors");
    println!("cargo:rerun-if-changed=fixtures/suites");
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=openapi/providers");
}
