/*
 * Small patterns over tokens. It knows the form of key words, names and lists; what a statement means is known to those who
 * write the phrases.
 */
#include "text/phrase.h"

#include <string.h>

static bool word_is(const char *bytes, struct token token, const char *word, size_t size)
{
    if (token.kind != TOKEN_WORD || token.size != size)
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = bytes[token.offset + i];
        char lower = c >= 'A' && c <= 'Z' ? (char) (c | 0x20) : c;
        if (lower != word[i])
            return false;
    }
    return true;
}

static bool match_one_word(struct lexer *lexer, const char *alternatives, size_t size)
{
    struct token token = lexer_next(lexer);
    const char *end = alternatives + size;
    for (const char *word = alternatives; word < end;) {
        const char *bar = memchr(word, '|', (size_t) (end - word));
        const char *word_end = bar != NULL ? bar : end;
        if (word_is(lexer->bytes, token, word, (size_t) (word_end - word)))
            return true;
        word = word_end + 1;
    }
    return false;
}

static bool is_name_part(struct token token)
{
    return token.kind == TOKEN_WORD || token.kind == TOKEN_NAME;
}

static bool match_name(struct lexer *lexer)
{
    if (!is_name_part(lexer_next(lexer)))
        return false;
    for (;;) {
        struct lexer ahead = *lexer;
        if (!token_is_symbol(lexer->bytes, lexer_next(&ahead), '.') || !is_name_part(lexer_next(&ahead)))
            return true;
        *lexer = ahead;
    }
}

/* Behind the parenthesis that closes the one just read. */
static void skip_to_closing(struct lexer *lexer)
{
    size_t depth = 1;
    while (depth > 0) {
        struct token token = lexer_next(lexer);
        if (token.kind == TOKEN_END)
            return;
        if (token_is_symbol(lexer->bytes, token, '('))
            depth++;
        else if (token_is_symbol(lexer->bytes, token, ')'))
            depth--;
    }
}

static bool match_list(struct lexer *lexer)
{
    if (!token_is_symbol(lexer->bytes, lexer_next(lexer), '('))
        return false;
    skip_to_closing(lexer);
    return true;
}

static bool match_element(struct lexer *lexer, const char *element, size_t size)
{
    struct lexer ahead = *lexer;
    bool matches = element[0] == '<'   ? match_name(&ahead)
                   : element[0] == '(' ? match_list(&ahead)
                                       : match_one_word(&ahead, element, size);
    if (matches)
        *lexer = ahead;
    return matches;
}

/* Most questions are answered no by the first letter, and millions of statements are asked a dozen questions each. */
static bool first_letter_differs(const struct lexer *lexer, const char *phrase)
{
    char first = lexer->offset < lexer->end ? (char) (lexer->bytes[lexer->offset] | 0x20) : '\0';
    if (first < 'a' || first > 'z' || *phrase == '<' || *phrase == '(')
        return false;
    bool begins_alternative = true;
    for (; *phrase != ' ' && *phrase != '\0'; phrase++) {
        if (begins_alternative && *phrase == first)
            return false;
        begins_alternative = *phrase == '|';
    }
    return phrase[-1] != '?';
}

bool phrase_match(struct lexer *lexer, const char *phrase)
{
    if (first_letter_differs(lexer, phrase))
        return false;
    struct lexer ahead = *lexer;
    for (const char *element = phrase; *element != '\0';) {
        size_t size = strcspn(element, " ");
        bool optional = element[size - 1] == '?';
        if (!match_element(&ahead, element, optional ? size - 1 : size) && !optional)
            return false;
        element += size;
        element += strspn(element, " ");
    }
    *lexer = ahead;
    return true;
}

bool phrase_find_word(struct lexer *lexer, const char *word)
{
    struct lexer ahead = *lexer;
    for (;;) {
        struct token token = lexer_next(&ahead);
        if (token.kind == TOKEN_END)
            return false;
        if (token_is_symbol(ahead.bytes, token, '('))
            skip_to_closing(&ahead);
        if (token_is_word(ahead.bytes, token, word)) {
            *lexer = ahead;
            return true;
        }
    }
}

bool phrase_token_says(const char *bytes, struct token token, const char *text)
{
    if (token.kind == TOKEN_WORD)
        return token_is_word(bytes, token, text);
    bool quoted = (token.kind == TOKEN_NAME && bytes[token.offset] == '"') ||
                  (token.kind == TOKEN_STRING && bytes[token.offset] == '\'');
    if (!quoted || token.unterminated)
        return false;
    struct token inner = { .kind = TOKEN_WORD, .offset = token.offset + 1, .size = token.size - 2 };
    return token_is_word(bytes, inner, text);
}

static bool ends_option(const char *bytes, struct token token)
{
    return token.kind == TOKEN_END || token_is_symbol(bytes, token, ',') || token_is_symbol(bytes, token, ')');
}

bool phrase_find_option(struct lexer lexer, const char *name, struct token *value)
{
    bool begins = false;
    for (;;) {
        struct token token = lexer_next(&lexer);
        if (token.kind == TOKEN_END)
            return false;
        if (begins && phrase_token_says(lexer.bytes, token, name))
            break;
        begins = token_is_symbol(lexer.bytes, token, '(') || token_is_symbol(lexer.bytes, token, ',');
    }
    *value = lexer_next(&lexer);
    if (token_is_symbol(lexer.bytes, *value, '='))
        *value = lexer_next(&lexer);
    if (ends_option(lexer.bytes, *value))
        value->kind = TOKEN_END;
    return true;
}

bool phrase_value_is_false(const char *bytes, struct token value)
{
    if (value.kind == TOKEN_NUMBER)
        return value.size == 1 && bytes[value.offset] == '0';
    return phrase_token_says(bytes, value, "false") || phrase_token_says(bytes, value, "off");
}
