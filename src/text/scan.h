/*
 * Looking for the next byte of a few, sixteen at a time where the processor can. What is here knows bytes and no SQL.
 */
#ifndef PGUSHER_SRC_TEXT_SCAN_H
#define PGUSHER_SRC_TEXT_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __SSE2__
#include <emmintrin.h>

static inline __m128i scan_load(const char *at)
{
    __m128i bytes;
    __builtin_memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

static inline __m128i scan_equal(__m128i bytes, char byte)
{
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte));
}

/* A bit for each of the sixteen bytes that is one of ' ( ) " $ - / ; and the backslash. */
static inline unsigned scan_marks(const char *at)
{
    __m128i bytes = scan_load(at);
    __m128i from_quote = _mm_sub_epi8(bytes, _mm_set1_epi8('\''));
    __m128i found = _mm_cmpeq_epi8(_mm_min_epu8(from_quote, _mm_set1_epi8(2)), from_quote); /* ' ( ) are neighbours */
    found = _mm_or_si128(found, _mm_or_si128(scan_equal(bytes, '"'), scan_equal(bytes, '$')));
    found = _mm_or_si128(found, _mm_or_si128(scan_equal(bytes, '-'), scan_equal(bytes, '/')));
    found = _mm_or_si128(found, _mm_or_si128(scan_equal(bytes, ';'), scan_equal(bytes, '\\')));
    return (unsigned) _mm_movemask_epi8(found);
}

static inline unsigned scan_quotes_and_backslashes(const char *at)
{
    __m128i bytes = scan_load(at);
    return (unsigned) _mm_movemask_epi8(_mm_or_si128(scan_equal(bytes, '\''), scan_equal(bytes, '\\')));
}

/* The first place from at on, in steps of sixteen, where a bit is set; where fewer than sixteen bytes are left, that place. */
#define SCAN_SIXTEENS(at, end, bits_at)                                                                                     \
    for (; (end) - (at) >= 16; (at) += 16) {                                                                                \
        unsigned bits = bits_at(at);                                                                                        \
        if (bits != 0)                                                                                                      \
            return (at) + __builtin_ctz(bits);                                                                              \
    }
#else
#define SCAN_SIXTEENS(at, end, bits_at)
#endif

static inline bool scan_is_mark(char byte)
{
    return byte == '\'' || byte == '(' || byte == ')' || byte == '"' || byte == '$' || byte == '-' || byte == '/' ||
           byte == ';' || byte == '\\';
}

/* The next of ' ( ) " $ - / ; and the backslash, or end. */
static inline const char *scan_to_mark(const char *at, const char *end)
{
    SCAN_SIXTEENS(at, end, scan_marks)
    while (at < end && !scan_is_mark(*at))
        at++;
    return at;
}

/* The next quote or backslash, or end. */
static inline const char *scan_to_quote_or_backslash(const char *at, const char *end)
{
    SCAN_SIXTEENS(at, end, scan_quotes_and_backslashes)
    while (at < end && *at != '\'' && *at != '\\')
        at++;
    return at;
}

#endif
