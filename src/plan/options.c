/*
 * The two tables that say what can be asked of the program. They know names and sentences; what a value means is known in
 * settings.c, and what the page of --help looks like in the face floor.
 */
#include "plan/options.h"

#include <string.h>

#define UP         (1U << COMMAND_UP)
#define WAIT       (1U << COMMAND_WAIT)
#define STATUS     (1U << COMMAND_STATUS)
#define PLAN       (1U << COMMAND_PLAN)
#define EVERY      (UP | WAIT | STATUS | PLAN)
#define NONE       (1U << COMMAND_NONE)

#define CHECK_FILE (1U << COMMAND_COMPOSE_CHECK)
#define GENERATE   (1U << COMMAND_COMPOSE_GENERATE)
#define COMPOSE    (1U << COMMAND_COMPOSE | CHECK_FILE | GENERATE)

const struct option option_table[] = {
    [OPTION_HOST] = { "host", 'h', "POSTGRES_HOST", "HOST", "PGHOST, else the local socket",
                      "Host name, IP address or socket directory; several, separated by commas, are tried side by side.",
                      GROUP_CONNECTION, EVERY, OPTION_HOST },
    [OPTION_PORT] = { "port", 'p', "POSTGRES_PORT", "PORT", "PGPORT, else 5432",
                      "Port of the server; with several hosts one port for all or a list of as many.", GROUP_CONNECTION,
                      EVERY, OPTION_PORT },
    [OPTION_USERNAME] = { "username", 'U', "POSTGRES_USER", "NAME", "PGUSER, else the system's user", "Role to log in as.",
                          GROUP_CONNECTION, EVERY, OPTION_USERNAME },
    [OPTION_PASSWORD] = { NULL, 0, "POSTGRES_PASSWORD", "PASSWORD", "PGPASSWORD, else the password file",
                          "Password of the role; there is no flag for it, because others can read a command line.",
                          GROUP_CONNECTION, EVERY, OPTION_PASSWORD },
    [OPTION_PASSWORD_FILE] = { NULL, 0, "POSTGRES_PASSWORD_FILE", "FILE", NULL,
                               "File that holds the password, such as a mounted secret; read again at each attempt.",
                               GROUP_CONNECTION, EVERY, OPTION_PASSWORD_FILE },
    [OPTION_DBNAME] = { "dbname", 'd', "POSTGRES_DB", "NAME", "PGDATABASE, else the role's name",
                        "Database to connect to; a URI or conninfo string is understood here too, as in psql.",
                        GROUP_CONNECTION, EVERY, OPTION_DBNAME },
    [OPTION_DATABASE] = { "database", 0, "DATABASE_URL", "URL", NULL,
                          "All of these at once, as a postgresql:// URI or a conninfo string (host=... dbname=...).",
                          GROUP_CONNECTION, EVERY, OPTION_DATABASE },
    [OPTION_DATABASE_FILE] = { NULL, 0, "DATABASE_URL_FILE", "FILE", NULL,
                               "File that holds what DATABASE_URL would; read again at each attempt.", GROUP_CONNECTION,
                               EVERY, OPTION_DATABASE_FILE },
    [OPTION_USERNAME_FILE] = { NULL, 0, "POSTGRES_USER_FILE", "FILE", NULL,
                               "File that holds the role's name, as in the official image.", GROUP_CONNECTION, EVERY,
                               OPTION_USERNAME_FILE },
    [OPTION_DBNAME_FILE] = { NULL, 0, "POSTGRES_DB_FILE", "FILE", NULL,
                             "File that holds the database's name, as in the official image.", GROUP_CONNECTION, EVERY,
                             OPTION_DBNAME_FILE },
    [OPTION_MIGRATIONS] = { "migrations", 'm', "PGUSHER_MIGRATIONS", "DIR", "sql/migrations",
                            "Folder of the migrations: its *.sql files, in byte order of their names.", GROUP_MIGRATIONS,
                            EVERY, OPTION_MIGRATIONS },
    [OPTION_LEDGER] = { "ledger", 0, "PGUSHER_LEDGER", "NAME", "schema_migrations",
                        "Table that records what was applied, as TABLE or SCHEMA.TABLE; it is made when missing.",
                        GROUP_MIGRATIONS, EVERY, OPTION_LEDGER },
    [OPTION_STRICT] = { "strict", 0, "PGUSHER_STRICT", NULL, "off",
                        "Refuse to run (exit 6) when an applied file was changed or is missing, instead of warning.",
                        GROUP_MIGRATIONS, UP, OPTION_STRICT },
    [OPTION_POOLER] = { "pooler", 0, "PGUSHER_POOLER", "MODE", "auto",
                        "What is known of a pooler in between: with auto it is taken to change the server connection after "
                        "each "
                        "transaction, session vouches that it does not.",
                        GROUP_MIGRATIONS, UP, OPTION_POOLER },
    [OPTION_LOCK_TIMEOUT] = { "lock-timeout", 0, "PGUSHER_LOCK_TIMEOUT", "DURATION", "5s",
                              "How long a statement of a migration may wait for a table's lock, and all others behind it; "
                              "then "
                              "the migration is rolled back and tried again. A file may say otherwise (-- pgusher: "
                              "lock_timeout=1m). Statements outside a transaction only have the file's.",
                              GROUP_MIGRATIONS, UP, OPTION_LOCK_TIMEOUT },
    [OPTION_LOCK_RETRIES] = { "lock-retries", 0, "PGUSHER_LOCK_RETRIES", "NUMBER", "10",
                              "How often a migration is tried again after a lock timeout, a deadlock or a serialization "
                              "failure.",
                              GROUP_MIGRATIONS, UP, OPTION_LOCK_RETRIES },
    [OPTION_STATEMENT_TIMEOUT] = { "statement-timeout", 0, "PGUSHER_STATEMENT_TIMEOUT", "DURATION", "the role's",
                                   "How long a statement of a migration may run. A file may say otherwise (-- pgusher: "
                                   "statement_timeout=1h). Statements outside a transaction only have the file's.",
                                   GROUP_MIGRATIONS, UP, OPTION_STATEMENT_TIMEOUT },
    [OPTION_TARGET] = { "target", 0, NULL, "CONNINFO", NULL,
                        "A target to wait for, as a URI or a conninfo string; may be given many times. What it does not say "
                        "comes from the options above.",
                        GROUP_WAIT, WAIT, OPTION_TARGET },
    [OPTION_TARGETS] = { "targets", 0, "PGUSHER_TARGETS", "FILE", NULL,
                         "File of targets, one a line; a line that begins with # is passed over, - is stdin.", GROUP_WAIT,
                         WAIT, OPTION_TARGETS },
    [OPTION_EACH_ADDRESS] = { "each-address", 0, "PGUSHER_EACH_ADDRESS", NULL, "off",
                              "Each address that a host name resolves to is a target, as for a headless service.",
                              GROUP_WAIT, WAIT, OPTION_EACH_ADDRESS },
    [OPTION_UNTIL] = { "until", 0, "PGUSHER_UNTIL", "RUNG", "login; for up migrated",
                       "How far the server must be: listening, accepting, login, writable, standby or migrated. For up: "
                       "migrated, "
                       "or replicated, when each standby among the hosts must show every file as well.",
                       GROUP_WAIT, UP | WAIT, OPTION_UNTIL },
    [OPTION_NEED] = { "need", 0, "PGUSHER_NEED", "NEED", "all",
                      "What the targets must look like together: all, any=3, or primary=1,standby>=2.", GROUP_WAIT, WAIT,
                      OPTION_NEED },
    [OPTION_STABLE] = { "stable", 0, "PGUSHER_STABLE", "NUMBER", "1",
                        "How many good answers in a row, an interval apart, make a target ready.", GROUP_WAIT, WAIT,
                        OPTION_STABLE },
    [OPTION_MAX_LAG] = { "max-lag", 0, "PGUSHER_MAX_LAG", "LAG", "any",
                         "How far a standby may be behind its primary: a size such as 16MB, or a duration such as 2s.",
                         GROUP_WAIT, WAIT, OPTION_MAX_LAG },
    [OPTION_ATTEMPTS] = { "attempts", 0, "PGUSHER_ATTEMPTS", "NUMBER", "60",
                          "How many attempts to make before giving up (exit 3).", GROUP_WAIT, EVERY, OPTION_ATTEMPTS },
    [OPTION_INTERVAL] = { "interval", 0, "PGUSHER_INTERVAL", "DURATION", "2s",
                          "How long one attempt lasts; within it the server is knocked at many times.", GROUP_WAIT, EVERY,
                          OPTION_INTERVAL },
    [OPTION_TIMEOUT] = { "timeout", 0, "PGUSHER_TIMEOUT", "DURATION", "none",
                         "Deadline for all of the waiting together, the look-up of names included.", GROUP_WAIT, EVERY,
                         OPTION_TIMEOUT },
    [OPTION_GRACE] = { "grace", 0, "PGUSHER_GRACE", "DURATION", "10s",
                       "How long to go on when the server refuses: the role, its password, the database, TLS, the "
                       "ledger.",
                       GROUP_WAIT, EVERY, OPTION_GRACE },
    [OPTION_LOCK_WAIT] = { "lock-wait", 0, "PGUSHER_LOCK_WAIT", "DURATION", "none",
                           "How long to wait while another runner is migrating the same database (then exit 7): in all for "
                           "its lock, and each time for its uncommitted row in the ledger.",
                           GROUP_WAIT, UP, OPTION_LOCK_WAIT },
    [OPTION_CONCURRENCY] = { "concurrency", 0, "PGUSHER_CONCURRENCY", "NUMBER", "256",
                             "How many connections may be open at the same time.", GROUP_WAIT, EVERY, OPTION_CONCURRENCY },
    [OPTION_HOST_CONCURRENCY] = { "host-concurrency", 0, "PGUSHER_HOST_CONCURRENCY", "NUMBER", "16",
                                  "How many of them to the same address and port.", GROUP_WAIT, EVERY,
                                  OPTION_HOST_CONCURRENCY },
    [OPTION_CHECK] = { "check", 0, "PGUSHER_CHECK", NULL, "off",
                       "Answer by the exit code: 0 up to date, 8 pending migrations, 6 changed or missing files.",
                       GROUP_OUTPUT, STATUS, OPTION_CHECK },
    [OPTION_JSON] = { "json", 0, "PGUSHER_JSON", NULL, "off", "Print the result as JSON.", GROUP_OUTPUT,
                      WAIT | STATUS | PLAN | CHECK_FILE, OPTION_JSON },
    [OPTION_FIX] = { "fix", 0, NULL, NULL, NULL, "Write the suggested edits into the file; every other line stays as it is.",
                     GROUP_COMPOSE, CHECK_FILE, OPTION_FIX },
    [OPTION_MIGRATE_SERVICE] = { "migrate-service", 0, NULL, "NAME", "found by what it runs",
                                 "The service that applies the migrations.", GROUP_COMPOSE, CHECK_FILE,
                                 OPTION_MIGRATE_SERVICE },
    [OPTION_DATABASE_SERVICE] = { "database-service", 0, NULL, "NAME", "found by its image",
                                  "The service that is the PostgreSQL server.", GROUP_COMPOSE, CHECK_FILE,
                                  OPTION_DATABASE_SERVICE },
    [OPTION_TEMPLATE] = { "template", 0, NULL, "FILE", "compose.template.yml",
                          "The Compose file with the one service bot; the .env.NAME files stand beside it.", GROUP_COMPOSE,
                          GENERATE, OPTION_TEMPLATE },
    [OPTION_OUTPUT] = { "output", 'o', NULL, "FILE", "stdout", "Where the Compose file goes.", GROUP_COMPOSE, GENERATE,
                        OPTION_OUTPUT },
    [OPTION_LOG_FORMAT] = { "log-format", 0, "PGUSHER_LOG_FORMAT", "FORMAT", "auto",
                            "text, logfmt or json; auto is text on a terminal and logfmt elsewhere.", GROUP_OUTPUT, EVERY,
                            OPTION_LOG_FORMAT },
    [OPTION_LOG_LEVEL] = { "log-level", 0, "PGUSHER_LOG_LEVEL", "LEVEL", "info; for status and plan warn",
                           "The least important events to show: debug, info, warn or error.", GROUP_OUTPUT, EVERY,
                           OPTION_LOG_LEVEL },
    [OPTION_TERMINATION_LOG] = { "termination-log", 0, "PGUSHER_TERMINATION_LOG", "FILE", "/dev/termination-log",
                                 "File that is left the reason of a failure, in one line, where it is there and can be "
                                 "written: Kubernetes shows it. With none nothing is left.",
                                 GROUP_OUTPUT, EVERY, OPTION_TERMINATION_LOG },
    [OPTION_HELP] = { "help", '?', NULL, NULL, NULL, "Show this help, or that of a command, and exit; -h is the host.",
                      GROUP_OTHER, EVERY | COMPOSE | NONE, OPTION_HELP },
    [OPTION_VERSION] = { "version", 'V', NULL, NULL, NULL, "Show the version and exit.", GROUP_OTHER, EVERY | COMPOSE | NONE,
                         OPTION_VERSION },
};

const size_t option_count = OPTION_COUNT;

const struct command_row command_table[] = {
    { COMMAND_UP,
      "up",
      NULL,
      "Wait for the server, then apply every pending migration.",
      "Waits until the server lets us log in, reads the ledger (the table that records which files were applied), and runs "
      "the files that are not in it: one after the other, in byte order of their names, each in a transaction of its own "
      "together with its row in the ledger. The first failure stops the run; what was applied before it stays applied, and "
      "running up again goes on from there.\n\n"
      "With nothing pending it takes no lock and writes nothing. Any number of runners may be started at the same time: "
      "each migration is applied once, and all of them exit 0.",
      { "pgusher up\tThe server from POSTGRES_* or DATABASE_URL, the files from sql/migrations",
        "pgusher up --strict --timeout 90s\tRefuse a history that was edited; wait for 90 seconds at most",
        "pgusher up -h a,b,c --until replicated\tOn the primary of the three, and then wait for the standbys", NULL } },
    { COMMAND_WAIT,
      "wait",
      NULL,
      "Only wait until the server is ready.",
      "Waits until the server has reached a rung of readiness, and exits 0. Each rung includes those before it: listening "
      "(the port is open), accepting (it answers), login (it lets us in and answers a query), writable (no standby, not "
      "read-only) or standby (a server in recovery), migrated (every file of the folder is in the ledger).\n\n"
      "With --target, --targets, --need or --each-address it waits for many targets at once, until they look as --need "
      "says. It writes nothing: listening and accepting need no role, the others one that may log in, and migrated one "
      "that may read the ledger.",
      { "pgusher wait -h db\tUntil a login works",
        "pgusher wait --until migrated --timeout 30s\tUntil another container has applied every migration",
        "pgusher wait -h a,b,c --need 'primary=1,standby>=2'\tUntil a whole cluster is there", NULL } },
    { COMMAND_STATUS,
      "status",
      NULL,
      "Show what is applied, pending, changed and missing.",
      "Compares the folder with the ledger and prints one line a migration: applied (and when), pending, changed since it "
      "was applied, or missing from the folder. The result goes to stdout, the log to stderr, and nothing is written to "
      "the database.",
      { "pgusher status\tA table for people", "pgusher status --json\tThe same for programs",
        "pgusher status --check\tNo more than an exit code is needed", NULL } },
    { COMMAND_PLAN,
      "plan",
      NULL,
      "Show what up would do, and why.",
      "Reads the ledger and every pending file, and prints in order what up would run: each file with its reason, whether "
      "it runs in one transaction or statement by statement, and its statements. Files that up would refuse are refused "
      "here as well (exit 2), so it also serves as a check before a release. Nothing is written to the database.",
      { "pgusher plan\tWhat the next run of up would do", "pgusher plan --json\tThe same for programs",
        "pgusher plan -m sql/migrations --log-level info\tWith the progress of the connection", NULL } },
    { COMMAND_COMPOSE,
      "compose",
      NULL,
      "Look after a Docker Compose file: compose check, compose generate.",
      "compose check looks for services that start before the migrations are done, for a migration service that would be "
      "started again, and for health checks that answer too early. compose generate writes a Compose file with one "
      "service a bot. Neither asks a server, nor Docker.",
      { "pgusher compose check --help\tMore about the first", "pgusher compose generate --help\tMore about the second",
        NULL } },
    { COMMAND_COMPOSE_CHECK,
      "compose check",
      "FILE",
      "Find what in a Compose file starts too early, or again.",
      "Reads a Compose file and shows, each with its place and an edit: services that use the database and do not wait "
      "until the migration service has ended well; a migration service that would be started again after it ended; health "
      "checks that ask the server's unix socket, where the official images answer before the database is there; and a "
      "migration service of another tool that does not wait for a healthy database.\n\n"
      "With --fix the edits are written. Exits with 0 when nothing is left to be done, else with 8.",
      { "pgusher compose check compose.yml\tShow what there is to do", "pgusher compose check --fix compose.yml\tDo it",
        "pgusher compose check --json --migrate-service prepare compose.yml\tFor programs, and where the migration service "
        "is not to be recognised",
        NULL } },
    { COMMAND_COMPOSE_GENERATE,
      "compose generate",
      NULL,
      "Write a Compose file with one service a bot.",
      "Copies the service bot of a template for each file .env.NAME that stands beside it, as NAME-bot with that env_file, "
      "waiting for db-migrate first of all. A template without db-migrate is given one, which runs pgusher up in the bot's "
      "own image. Of an .env.NAME file only BOT_PORT and BOT_VOLUMES are used; nothing else of it reaches the output.",
      { "pgusher compose generate -o compose.yml\tFrom compose.template.yml and .env.* in this folder",
        "pgusher compose generate --template bots/compose.template.yml -o bots/compose.yml\tFrom another folder", NULL } },
};

const size_t command_count = sizeof command_table / sizeof command_table[0];

const char *option_group_title(enum option_group group)
{
    static const char *const titles[] = {
        [GROUP_CONNECTION] = "Connection", [GROUP_MIGRATIONS] = "Migrations", [GROUP_WAIT] = "Waiting",
        [GROUP_COMPOSE] = "Compose",       [GROUP_OUTPUT] = "Output",         [GROUP_OTHER] = "Other",
    };
    return titles[group];
}

static bool is_name(const char *name, const char *text, size_t text_size)
{
    return name != NULL && strlen(name) == text_size && memcmp(name, text, text_size) == 0;
}

const struct option *option_find(const char *name, size_t name_size)
{
    for (size_t i = 0; i < option_count; i++)
        if (is_name(option_table[i].name, name, name_size))
            return &option_table[i];
    return NULL;
}

const struct option *option_find_letter(char letter)
{
    for (size_t i = 0; i < option_count; i++)
        if (letter != 0 && option_table[i].letter == letter)
            return &option_table[i];
    return NULL;
}

const struct option *option_find_variable(const char *name, size_t name_size)
{
    for (size_t i = 0; i < option_count; i++)
        if (is_name(option_table[i].variable, name, name_size))
            return &option_table[i];
    return NULL;
}

const struct command_row *command_find(enum command command)
{
    for (size_t i = 0; i < command_count; i++)
        if (command_table[i].command == command)
            return &command_table[i];
    return NULL;
}

const struct command_row *command_find_name(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(command_table[i].name, name) == 0)
            return &command_table[i];
    return NULL;
}

const char *command_last_word(const struct command_row *row, const struct command_row *above)
{
    size_t size = strlen(above->name);
    return strncmp(row->name, above->name, size) == 0 && row->name[size] == ' ' ? row->name + size + 1 : NULL;
}

const struct command_row *command_find_below(const struct command_row *above, const char *word)
{
    for (size_t i = 0; i < command_count; i++) {
        const char *last = command_last_word(&command_table[i], above);
        if (last != NULL && strcmp(last, word) == 0)
            return &command_table[i];
    }
    return NULL;
}

bool command_asks_server(enum command command)
{
    return option_table[OPTION_HOST].commands >> command & 1U;
}
