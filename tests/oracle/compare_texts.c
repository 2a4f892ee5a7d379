/*
 * usage: compare_texts FILE ...
 *
 * Holds the splitter against psql's scanner on each file, made plain SQL first (see plain_text.h), from its first byte to its
 * last. Prints what differs and one line of totals; exit code 1 when anything does.
 */
#include <stdio.h>

#include "files.h"
#include "parity.h"

int main(int count, char **arguments)
{
    size_t messages = 0;
    size_t statements = 0;
    size_t bytes = 0;
    int differences = 0;
    for (int i = 1; i < count; i++) {
        struct bytes text = read_plain(arguments[i]);
        struct parity parity;
        if (!parity_holds(&parity, text.at, text.size)) {
            differences++;
            printf("%s: %s", arguments[i], parity.difference.at);
        }
        if (parity.difference.size == 0 && !parity.whole) {
            differences++;
            printf("%s: the text was not read to its end\n", arguments[i]);
        }
        messages += parity.messages;
        statements += parity.statements;
        bytes += text.size;
        parity_finish(&parity);
        bytes_finish(&text);
    }
    printf("%d files, %.1f MB, %zu messages of psql's, %zu statements of ours, %d differences\n", count - 1,
           (double) bytes / 1e6, messages, statements, differences);
    return differences > 0 || count == 1;
}
