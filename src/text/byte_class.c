/*
 * The table, and nothing else: what follows from a byte's class is the lexer's.
 */
#include "byte_class.h"

/* One letter a class, for the table below. */
enum { o = IS_OTHER, S = IS_SPACE, L = IS_LETTER, D = IS_DIGIT, Q = IS_QUOTE, N = IS_DOUBLE_QUOTE };
enum { M = IS_DOLLAR, C = IS_COLON, P = IS_DOT, H = IS_DASH, F = IS_SLASH, B = IS_BACKSLASH };

/* clang-format off */
const unsigned char byte_classes[256] = {
    o, o, o, o, o, o, o, o, o, S, S, o, S, S, o, o, /* 00 */
    o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, /* 10 */
    S, o, N, o, M, o, o, Q, o, o, o, o, o, H, P, F, /* 20 */
    D, D, D, D, D, D, D, D, D, D, C, o, o, o, o, o, /* 30 */
    o, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* 40 */
    L, L, L, L, L, L, L, L, L, L, L, o, B, o, o, L, /* 50 */
    o, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* 60 */
    L, L, L, L, L, L, L, L, L, L, L, o, o, o, o, o, /* 70 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* 80 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* 90 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* A0 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* B0 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* C0 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* D0 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* E0 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* F0 */
};
/* clang-format on */
