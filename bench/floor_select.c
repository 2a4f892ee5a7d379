/*
 * usage: bench_floor_select CONNINFO
 *
 * The least that a program with libpq can do: connect, run one SELECT, leave.
 */
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    PGconn *conn = PQconnectdb(argc > 1 ? argv[1] : "");
    PGresult *result = PQexec(conn, "SELECT 1");
    bool answered = PQresultStatus(result) == PGRES_TUPLES_OK;
    if (!answered)
        fputs(PQerrorMessage(conn), stderr);
    PQclear(result);
    PQfinish(conn);
    return answered ? 0 : 1;
}
