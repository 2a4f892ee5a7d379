/* What each byte may begin, as PostgreSQL's lexer and psql's see it. */
#ifndef PGUSHER_TEXT_BYTE_CLASS_H
#define PGUSHER_TEXT_BYTE_CLASS_H

enum byte_class {
    IS_OTHER,
    IS_SPACE,
    IS_LETTER, /* what may begin an identifier: an underscore and bytes beyond ASCII too */
    IS_DIGIT,
    IS_QUOTE,
    IS_DOUBLE_QUOTE,
    IS_DOLLAR,
    IS_COLON,
    IS_DOT,
    IS_DASH,
    IS_SLASH,
    IS_BACKSLASH,
};

/* By the byte's value: an enum byte_class. */
extern const unsigned char byte_classes[256];

#endif
