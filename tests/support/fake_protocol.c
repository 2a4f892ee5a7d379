/*
 * Bytes of the protocol, version 3. It knows how a message is built and not when one is due.
 */
#include "support/fake_protocol.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static void add_int16(struct bytes *out, int number)
{
    uint16_t ordered = htons((uint16_t) number);
    bytes_add(out, &ordered, sizeof ordered);
}

static void add_int32(struct bytes *out, int number)
{
    uint32_t ordered = htonl((uint32_t) number);
    bytes_add(out, &ordered, sizeof ordered);
}

static void add_text(struct bytes *out, const char *text)
{
    bytes_add(out, text, strlen(text) + 1);
}

static size_t begin(struct bytes *out, char type)
{
    bytes_add(out, &type, 1);
    size_t length_at = out->size;
    add_int32(out, 0);
    return length_at;
}

static void end(struct bytes *out, size_t length_at)
{
    uint32_t length = htonl((uint32_t) (out->size - length_at));
    memcpy(out->at + length_at, &length, sizeof length);
}

void say_authentication_ok(struct bytes *out)
{
    size_t message = begin(out, 'R');
    add_int32(out, 0);
    end(out, message);
}

void say_password_wanted(struct bytes *out)
{
    size_t message = begin(out, 'R');
    add_int32(out, 3);
    end(out, message);
}

void say_parameter(struct bytes *out, const char *name, const char *value)
{
    size_t message = begin(out, 'S');
    add_text(out, name);
    add_text(out, value);
    end(out, message);
}

void say_key(struct bytes *out, int pid)
{
    size_t message = begin(out, 'K');
    add_int32(out, pid);
    add_int32(out, pid * 7);
    end(out, message);
}

void say_ready(struct bytes *out, char transaction_status)
{
    size_t message = begin(out, 'Z');
    bytes_add(out, &transaction_status, 1);
    end(out, message);
}

static void add_field(struct bytes *out, char code, const char *value)
{
    if (value == NULL)
        return;
    bytes_add(out, &code, 1);
    add_text(out, value);
}

static void add_fields(struct bytes *out, const char *plain_severity, const struct fake_error *error)
{
    char position[16];
    snprintf(position, sizeof position, "%d", error->position);
    add_field(out, 'S', error->severity != NULL ? error->severity : plain_severity);
    add_field(out, 'V', plain_severity);
    add_field(out, 'C', error->sqlstate);
    add_field(out, 'M', error->message != NULL ? error->message : "");
    add_field(out, 'D', error->detail);
    add_field(out, 'H', error->hint);
    add_field(out, 'P', error->position > 0 ? position : NULL);
    bytes_add(out, "", 1);
}

void say_error(struct bytes *out, const char *plain_severity, const struct fake_error *error)
{
    size_t message = begin(out, 'E');
    add_fields(out, plain_severity, error);
    end(out, message);
}

void say_notice(struct bytes *out, const char *text)
{
    size_t message = begin(out, 'N');
    add_fields(out, "NOTICE", &(struct fake_error){ .severity = "NOTICE", .sqlstate = "00000", .message = text });
    end(out, message);
}

void say_empty(struct bytes *out, char type)
{
    end(out, begin(out, type));
}

/* Cells of one line, parted by |. Calls add_cell for each and returns how many there were. */
static int each_cell(struct bytes *out, const char *line, size_t size,
                     void (*add_cell)(struct bytes *out, const char *cell, size_t size))
{
    int count = 1;
    const char *last = line + size;
    for (const char *bar = memchr(line, '|', size); bar != NULL; bar = memchr(line, '|', (size_t) (last - line))) {
        if (add_cell != NULL)
            add_cell(out, line, (size_t) (bar - line));
        line = bar + 1;
        count++;
    }
    if (add_cell != NULL)
        add_cell(out, line, (size_t) (last - line));
    return count;
}

static void add_column(struct bytes *out, const char *name, size_t size)
{
    enum { TEXT_OID = 25 };
    bytes_add(out, name, size);
    bytes_add(out, "", 1);
    add_int32(out, 0); /* table */
    add_int16(out, 0); /* column of it */
    add_int32(out, TEXT_OID);
    add_int16(out, -1); /* size */
    add_int32(out, -1); /* modifier */
    add_int16(out, 0);  /* text format */
}

static void add_cell(struct bytes *out, const char *value, size_t size)
{
    if (size == 2 && memcmp(value, "\\N", 2) == 0) {
        add_int32(out, -1);
        return;
    }
    add_int32(out, (int) size);
    bytes_add(out, value, size);
    for (char *at = out->at + out->size - size; at < out->at + out->size; at++)
        *at = *at == FAKE_BAR[0] ? '|' : *at;
}

void say_columns(struct bytes *out, const char *rows, bool extended)
{
    if (rows == NULL) {
        if (extended)
            say_empty(out, 'n');
        return;
    }
    size_t size = strcspn(rows, "\n");
    size_t message = begin(out, 'T');
    add_int16(out, each_cell(out, rows, size, NULL));
    each_cell(out, rows, size, add_column);
    end(out, message);
}

int say_rows(struct bytes *out, const char *rows)
{
    if (rows == NULL)
        return 0;
    int count = 0;
    const char *line = rows + strcspn(rows, "\n");
    while (line[0] == '\n' && line[1] != '\0') {
        line++;
        size_t size = strcspn(line, "\n");
        size_t message = begin(out, 'D');
        add_int16(out, each_cell(out, line, size, NULL));
        each_cell(out, line, size, add_cell);
        end(out, message);
        line += size;
        count++;
    }
    return count;
}

void say_complete(struct bytes *out, const char *tag)
{
    size_t message = begin(out, 'C');
    add_text(out, tag);
    end(out, message);
}

void say_copy_begins(struct bytes *out, char type)
{
    size_t message = begin(out, type);
    bytes_add(out, "", 1); /* text */
    add_int16(out, 0);     /* columns */
    end(out, message);
}

void say_copy_data(struct bytes *out, const char *data, size_t size)
{
    size_t message = begin(out, 'd');
    bytes_add(out, data, size);
    end(out, message);
}
