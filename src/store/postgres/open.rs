use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection as _, PgConnection, Row};
use time::OffsetDateTime;
use url::Url;

use super::Postgres;
use super::sql::chain;
use crate::ports::{Finding, StoreError};
use crate::store::convert::{micros, new_holder};
use crate::store::schema;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations/postgres");

/// Connections of one gateway.
const CONNECTIONS: u32 = 10;
/// How long connecting may take, and waiting for a free connection.
const CONNECTING: Duration = Duration::from_secs(15);
/// Leases end by the gateways' clocks, so these may differ by far less than a lease lasts.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(5);

/// On each connection. A gateway that stalls or is cut off must not hold up the others for longer than this, and what is
/// committed is on the disk whatever the server is set to.
const SESSION: &str = "
    SET statement_timeout = '60s';
    SET lock_timeout = '30s';
    SET idle_in_transaction_session_timeout = '60s';
    SET tcp_keepalives_idle = 30;
    SET tcp_keepalives_interval = 10;
    SET tcp_keepalives_count = 3;
    SET default_transaction_isolation = 'read committed';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// Where the database is.
#[derive(Debug, Clone)]
pub struct PostgresSettings {
    /// `postgres://user@host:port/database`, or `postgres:///database?host=/folder&user=user` for a socket.
    /// Without a password.
    pub url: Url,
    pub password: Option<SecretString>,
    /// Certificates in PEM that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// What a server says of itself.
struct Server {
    version: String,
    /// How far its clock is from this machine's.
    clock_difference: Duration,
}

impl Postgres {
    /// Connects and brings the tables up to date; several gateways may do so at one time.
    ///
    /// Tables of a newer version are refused, and a server whose clock is another one: leases would mean nothing.
    pub async fn open(settings: &PostgresSettings) -> Result<Postgres, StoreError> {
        let (options, shown) = (options(settings)?, shown(settings));
        let mut connection = connect(&options, &shown).await?;
        let server = ask(&mut connection, &shown).await?;
        if let Some(sentence) = clocks_differ(&server) {
            return Err(StoreError::Unavailable(format!("cannot use the store {shown}: {sentence}")));
        }
        MIGRATIONS.run(&mut connection).await.map_err(|error| schema::not_migrated(&shown, &MIGRATIONS, error))?;
        let mut tx = connection.begin().await?;
        chain::begin(&mut tx).await?;
        tx.commit().await?;
        // The pool makes its own, and what is done here is done.
        let _ = connection.close().await;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(CONNECTING)
            .after_connect(|connection, _| {
                Box::pin(async move { sqlx::raw_sql(SESSION).execute(connection).await.map(|_| ()) })
            })
            .connect_lazy_with(options);
        Ok(Postgres { pool, holder: new_holder() })
    }

    /// Tries whether a gateway could work on it, and changes nothing.
    pub async fn check(settings: &PostgresSettings) -> Finding {
        match look(settings).await {
            Ok(finding) => finding,
            Err(error) => Finding::failure("state", error.to_string()),
        }
    }

    pub(super) async fn disconnect(&self) {
        self.pool.close().await;
    }
}

async fn look(settings: &PostgresSettings) -> Result<Finding, StoreError> {
    let (options, shown) = (options(settings)?, shown(settings));
    let mut connection = connect(&options, &shown).await?;
    let server = ask(&mut connection, &shown).await?;
    let row = sqlx::query(
        "SELECT to_regclass('_sqlx_migrations') IS NOT NULL AS there,
                COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create",
    )
    .fetch_one(&mut connection)
    .await?;
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    let tables = match row.try_get("there")? {
        true => sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(&mut connection).await?,
        false => None,
    };
    let _ = connection.close().await;
    if let Some(sentence) = clocks_differ(&server) {
        return Ok(Finding::failure("state", format!("{shown}: {sentence}")));
    }
    let may_create: bool = row.try_get("may_create")?;
    Ok(match tables {
        None if !may_create => Finding::failure(
            "state",
            format!("this user may not make tables in {shown}: make the database with OWNER set to that user"),
        ),
        None => Finding::good(
            "state",
            format!("in {shown} (PostgreSQL {}) tables are made at the first start", server.version),
        ),
        Some(version) if version > newest => {
            let error = sqlx::migrate::MigrateError::VersionMissing(version);
            Finding::failure("state", schema::not_migrated(&shown, &MIGRATIONS, error).to_string())
        }
        Some(_) => Finding::good("state", format!("{shown} (PostgreSQL {}) is in order", server.version)),
    })
}

async fn connect(options: &PgConnectOptions, shown: &str) -> Result<PgConnection, StoreError> {
    let failed = |why: String| StoreError::Unavailable(format!("cannot use the store {shown}: {why}"));
    match tokio::time::timeout(CONNECTING, options.connect()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(sqlx::Error::Database(error))) => Err(failed(error.message().to_owned())),
        Ok(Err(error)) => Err(failed(format!("{error}; see that PostgreSQL runs and listens there"))),
        Err(_) => Err(failed(format!("no answer within {} seconds", CONNECTING.as_secs()))),
    }
}

async fn ask(connection: &mut PgConnection, shown: &str) -> Result<Server, StoreError> {
    let row = sqlx::query(
        "SELECT current_setting('server_version') AS version, current_setting('server_encoding') AS encoding,
                CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS clock",
    )
    .fetch_one(connection)
    .await?;
    let encoding: String = row.try_get("encoding")?;
    if encoding != "UTF8" {
        return Err(StoreError::Corrupt(format!(
            "the database {shown} keeps text as {encoding}: make it with ENCODING 'UTF8' and TEMPLATE template0"
        )));
    }
    let theirs: i64 = row.try_get("clock")?;
    let apart = micros(OffsetDateTime::now_utc()).abs_diff(theirs);
    Ok(Server { version: row.try_get("version")?, clock_difference: Duration::from_micros(apart) })
}

fn clocks_differ(server: &Server) -> Option<String> {
    let apart = server.clock_difference;
    (apart > CLOCK_DIFFERENCE).then(|| {
        format!(
            "its clock and this machine's are {} seconds apart: keep both right by NTP, because leases end by them",
            apart.as_secs()
        )
    })
}

/// How to connect. Across a network always with TLS, and to nobody but whom the certificate names.
fn options(settings: &PostgresSettings) -> Result<PgConnectOptions, StoreError> {
    let mut options = PgConnectOptions::from_str(settings.url.as_str())
        .map_err(|_| StoreError::Unavailable(format!("{} is no address of a database", shown(settings))))?
        .application_name("advisory-intake");
    if let Some(password) = &settings.password {
        options = options.password(password.expose_secret());
    }
    let local = options.get_socket().is_some() || is_loopback(options.get_host());
    if let Some(file) = &settings.ca_file {
        options = options.ssl_root_cert(file);
    }
    if !local || settings.ca_file.is_some() {
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    Ok(options)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    // Without a host the driver takes the folder of the system's own socket.
    host == "localhost" || host.starts_with('/') || address.is_ok_and(|address| address.is_loopback())
}

/// The address for people: whatever else the URL holds stays out of logs.
fn shown(settings: &PostgresSettings) -> String {
    let url = &settings.url;
    let folder = url.query_pairs().find(|(key, _)| key == "host").map(|(_, folder)| folder.into_owned());
    let host = url.host_str().map(str::to_owned).or(folder).unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("postgres://{host}{port}{}", url.path())
}
