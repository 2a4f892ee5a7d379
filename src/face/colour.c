/*
 * Hues and their sequences. It does not know what is coloured, nor whether anybody sees it.
 */
#include "face/colour.h"

#include <string.h>

static const char *const sequences[] = {
    [HUE_NONE] = "",          [HUE_BOLD] = "\033[1m",    [HUE_DIM] = "\033[2m",   [HUE_RED] = "\033[31m",
    [HUE_GREEN] = "\033[32m", [HUE_YELLOW] = "\033[33m", [HUE_CYAN] = "\033[36m",
};

enum look look_read(const char *no_color, const char *term)
{
    if (term == NULL || *term == '\0' || strcmp(term, "dumb") == 0)
        return LOOK_DUMB;
    return no_color != NULL && *no_color != '\0' ? LOOK_MONOCHROME : LOOK_COLOUR;
}

void colour_begin(struct buf *buf, enum hue hue, bool colour)
{
    if (colour)
        buf_add_text(buf, sequences[hue]);
}

void colour_end(struct buf *buf, enum hue hue, bool colour)
{
    if (colour && hue != HUE_NONE)
        buf_add_text(buf, "\033[0m");
}

void colour_add(struct buf *buf, enum hue hue, bool colour, const char *text)
{
    colour_begin(buf, hue, colour);
    buf_add_text(buf, text);
    colour_end(buf, hue, colour);
}
