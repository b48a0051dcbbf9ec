//! The organization as a test finds it: every case that the vendor's pages make hard is somebody here.
//! Roles are held per project; there are no groups through which one could be held.

use super::access::{Access, Key};
use super::organization::{Organization, Project, User};

pub const MANAGEMENT_ID: &str = "sandbox-management-id";
pub const MANAGEMENT_TOKEN: &str = "sandbox-only-secret";
/// A key that may not manage users.
pub const RESTRICTED_ID: &str = "sandbox-restricted-id";
pub const RESTRICTED_TOKEN: &str = "sandbox-only-restricted-secret";

pub const SPRING: &str = "proj_9KeAhZB1";
/// One of two projects that are called `Test-project-01`.
pub const TEST: &str = "proj_npnFzPr9";
/// The other one.
pub const TEST_TWIN: &str = "proj_pEP3NO9s";
/// More than forty users.
pub const LOYALTY: &str = "proj_zsPdrUIw";
pub const HEADQUARTERS: &str = "proj_3CNHbOe0";
/// No users.
pub const EMPTY: &str = "proj_5iQ0m7zw";
/// A sandbox project, with limits of its own.
pub const SANDBOX: &str = "sand_CvFGa2LX";

pub const AUDITOR_ROLE: &str = "role_7cQ1fAuditorReadsAll";
/// Held by nobody; its id begins like the auditor's.
pub const AUDITOR_ROLE_TWIN: &str = "role_7cQ1fAuditor";

/// `USER` in three projects, `ADMIN` in a fourth.
pub const SAMMY: &str = "user_FgEAjOV6RiObJdy36sYynXdqZNiA5gjM";
/// Her id differs from Sammy's in the case of the last letter.
pub const SAMMY_TWIN: &str = "user_FgEAjOV6RiObJdy36sYynXdqZNiA5gjm";
/// An owner, whose only project is the headquarters.
pub const ALEX: &str = "user_11sYvPrOj3XE573FO1cAzzk1p4k92wLL";
/// An owner of several projects.
pub const OLGA: &str = "user_Ow2nQ9bTz5KfLx7PmVd4RcYh8SjGuE1a";
/// No owner, and in one project only.
pub const SOLE: &str = "user_So1eX3mWq8NvTb6ZkJr5HyCp2DfLgA9u";
/// In two projects: after one is taken, the other cannot be.
pub const PAIR: &str = "user_Pa1rK7dUf4MxQe9YhBn2GtVs6RwJzC3o";
/// In no project at all.
pub const NOWHERE: &str = "user_No0wH5gEr1XlSa8WiDk6FjPb3TyMvQ2c";
/// Sammy's address is the end of his.
pub const LONG_NAME: &str = "user_Ln4mE6yRc2OzUh7VgXt9KsNa5BqDwJ8f";
/// Sammy's address is the beginning of hers.
pub const FAR_NAME: &str = "user_Fr8nM1tXo5PjCy3LeAk7GuZd9IwSbH6v";
/// Two users of one e-mail address, with logins of their own.
pub const SHARED_EU: &str = "user_Sh2eU4kDn7VrFq1TmZc8YxJb6OpWgL5i";
pub const SHARED_US: &str = "user_Sh9uS3vGa6HwPy5NlEt2MoKd8QzXfC7j";
/// His login is Bea's e-mail address.
pub const OPS_LOGIN: &str = "user_Op5lG8sJh3BnRu6KvXe1DcTi4FyAzM9w";
/// Her e-mail address is another's login; her own login is `bea`.
pub const BEA: &str = "user_Be3aT7oWk1QfLp9SjHn5XrUg2CvYdZ6m";
/// His login has a plus sign, a slash and a percent sign.
pub const ODD_LOGIN: &str = "user_Od6lN2zVb8YtGw4RaKx7JhEq1MsPuF3c";
/// Two users whose logins differ by case alone.
pub const CASEY_UPPER: &str = "user_Cs1uP5rLi9DgZo2WmTk8EvNx3AyBjH7q";
pub const CASEY_LOWER: &str = "user_Cs7lO3wMe6FhKy8XnUa1QtRd5VzGpS2b";
/// Holds the auditor's role, `VIEWER`, `MERCHANT` and `USER_RESTRICTED`, each in one project; a name beyond ASCII.
pub const ZOE: &str = "user_Zo2eY9bQs4UjIk6PcLw3HnFx8TmVrA5d";

/// One key that may manage users, and one that may not.
pub(super) fn access() -> Access {
    let mut access = Access::default();
    for (id, token, manages_users) in
        [(MANAGEMENT_ID, MANAGEMENT_TOKEN, true), (RESTRICTED_ID, RESTRICTED_TOKEN, false)]
    {
        access.keys.insert(id.to_owned(), Key { token: token.to_owned(), manages_users });
    }
    access
}

pub(super) fn organization() -> Organization {
    let mut organization = Organization::default();
    organization.custom_roles.extend([AUDITOR_ROLE, AUDITOR_ROLE_TWIN].map(str::to_owned));
    for (id, name, timezone) in [
        (SPRING, "Spring campaign", "UTC"),
        (TEST, "Test-project-01", "UTC"),
        (TEST_TWIN, "Test-project-01", "UTC"),
        (LOYALTY, "Żółty program, EU", "Europe/Warsaw"),
        (HEADQUARTERS, "Headquarters", "GMT+1"),
        (EMPTY, "Nobody's", "UTC"),
        (SANDBOX, "Sandbox Project", "Europe/Vienna"),
    ] {
        let project = Project {
            name: name.to_owned(),
            description: String::new(),
            timezone: timezone.to_owned(),
            currency: "EUR".to_owned(),
            is_sandbox: id == SANDBOX,
        };
        organization.projects.insert(id.to_owned(), project);
    }
    for (id, user) in people() {
        organization.users.insert(id.to_owned(), user);
    }
    for n in 1..=40 {
        let email = format!("clerk-{n:02}@example.com");
        let clerk = User::new(&email, "Clerk", &format!("No. {n}")).with(LOYALTY, "USER").with(SANDBOX, "VIEWER");
        organization.users.insert(format!("user_{n:02}ClerkOfTheLoyaltyProgramXxXxXx"), clerk);
    }
    organization
}

fn people() -> Vec<(&'static str, User)> {
    let login = |login: &str, user: User| User { login: login.to_owned(), ..user };
    let owner = |user: User| User { is_owner: true, ..user };
    let sammy = User::new("name@youremaildomain.com", "Sammy", "Jones");
    let shared = || User::new("shared@example.com", "Sam", "Shared");
    let zoe = User::new("zoë.ōta@example.com", "Zoë", "Ōta").with(SPRING, AUDITOR_ROLE).with(TEST, "VIEWER");
    vec![
        (SAMMY, sammy.with(SPRING, "USER").with(TEST, "USER").with(TEST_TWIN, "USER").with(LOYALTY, "ADMIN")),
        (SAMMY_TWIN, User::new("samira@example.com", "Samira", "Jones").with(TEST, "ADMIN").with(SPRING, "USER")),
        (ALEX, owner(User::new("alex@example.com", "Alex", "Smith").with(HEADQUARTERS, "ADMIN"))),
        (OLGA, owner(User::new("olga@example.com", "Olga", "Owner").with(HEADQUARTERS, "ADMIN").with(SPRING, "ADMIN"))),
        (SOLE, User::new("sole@example.com", "Saul", "Sole").with(SPRING, "USER")),
        (PAIR, User::new("pair@example.com", "Paige", "Pair").with(SPRING, "USER").with(TEST, "USER")),
        (NOWHERE, User::new("nowhere@example.com", "Noël", "Where")),
        (
            LONG_NAME,
            User::new("long-name@youremaildomain.com", "Sam", "Jones").with(SPRING, "ADMIN").with(TEST, "VIEWER"),
        ),
        (
            FAR_NAME,
            User::new("name@youremaildomain.com.au", "Sammy", "Jones").with(SPRING, "VIEWER").with(TEST, "USER"),
        ),
        (SHARED_EU, login("shared.eu", shared()).with(SPRING, "USER").with(LOYALTY, "USER")),
        (SHARED_US, login("shared.us", shared()).with(SPRING, "USER").with(TEST, "USER")),
        (
            OPS_LOGIN,
            login("ops@example.com", User::new("olaf@example.com", "Olaf", "Login"))
                .with(SPRING, "USER")
                .with(TEST, "USER"),
        ),
        (BEA, login("bea", User::new("ops@example.com", "Bea", "Email")).with(SPRING, "ADMIN").with(TEST, "USER")),
        (
            ODD_LOGIN,
            login("odd+100%/eu@example.com", User::new("odd@example.com", "Odd", "Login"))
                .with(SPRING, "USER")
                .with(TEST, "USER"),
        ),
        (CASEY_UPPER, User::new("Casey@example.com", "Casey", "Upper").with(SPRING, "ADMIN").with(TEST, "USER")),
        (CASEY_LOWER, User::new("casey@example.com", "Casey", "Lower").with(SPRING, "USER").with(TEST, "USER")),
        (ZOE, zoe.with(TEST_TWIN, "MERCHANT").with(SANDBOX, "USER_RESTRICTED")),
    ]
}
