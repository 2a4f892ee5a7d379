/* The program's own SQL (the files of sql/) with psql-style :variables filled in. */
#ifndef PGUSHER_TEXT_TEMPLATE_H
#define PGUSHER_TEXT_TEMPLATE_H

#include "base/buf.h"

struct template_word {
    const char *name;  /* without the colon */
    const char *value; /* put in as it stands: an identifier is quoted by its maker */
};

/* Adds sql with each :name replaced; `::type` and text in quotes are left alone. words ends with a NULL name. */
void template_add(struct buf *buf, const char *sql, const struct template_word *words);

/* Adds name as a quoted SQL identifier. */
void identifier_add(struct buf *buf, const char *name);

/* Adds text as an SQL string, as it is read with standard_conforming_strings on. */
void literal_add(struct buf *buf, const char *text);

#endif
