//! Definitions, migrations and the documents of providers are compiled into the binary: a change of one is a change of it.

fn main() {
    println!("cargo:rerun-if-changed=connectors");
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=openapi/providers");
}
