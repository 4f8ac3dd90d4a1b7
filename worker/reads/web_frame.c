/* Head, search field, navigation and foot of every page. */
#include "worker/reads/web_frame.h"

#include <inttypes.h>
#include <string.h>

#include "worker/reads/web_assets.h"

static void asset(struct html *h, const char *name)
{
    html_markup(h, "/assets/");
    html_text(h, web_assets_hash());
    html_markup(h, "/");
    html_text(h, name);
}

static void head(struct html *h, const struct web_frame *frame)
{
    html_markup(h, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    html_text(h, frame->title);
    html_markup(h, "</title>\n<link rel=\"icon\" type=\"image/svg+xml\" href=\"");
    asset(h, "icon.svg");
    html_markup(h, "\">\n<link rel=\"stylesheet\" href=\"");
    asset(h, "style.css");
    html_markup(h, "\">\n<script type=\"module\" src=\"");
    asset(h, "app.js");
    html_markup(h, "\"></script>\n</head>\n");
}

static void search_form(struct html *h, const struct web_frame *frame)
{
    html_markup(h, "<form class=\"find\" role=\"search\" action=\"/\" method=\"get\">\n"
                   "<label class=\"unseen\" for=\"q\">Search</label>\n"
                   "<input id=\"q\" name=\"q\" type=\"search\" maxlength=\"1000\""
                   " autocomplete=\"off\" autocapitalize=\"off\" spellcheck=\"false\""
                   " enterkeyhint=\"search\"");
    html_attr(h, "value", frame->query);
    if (frame->source[0]) {
        html_markup(h, " placeholder=\"Search in ");
        html_text(h, frame->source);
        html_markup(h, "\"");
    } else
        html_markup(h, " placeholder=\"Search\"");
    if (frame->view == WEB_SEARCH && !frame->query[0])
        html_markup(h, " autofocus");
    html_markup(h, ">\n");
    if (frame->source[0]) {
        html_markup(h, "<input type=\"hidden\" name=\"source\"");
        html_attr(h, "value", frame->source);
        html_markup(h, ">\n");
    }
    html_markup(h, "<kbd aria-hidden=\"true\">/</kbd>\n<button>Search</button>\n</form>\n");
}

static void bar(struct html *h, const struct web_frame *frame)
{
    html_markup(h, "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n"
                   "<header>\n<div class=\"bar\">\n<a class=\"home\" href=\"/\">Lattice</a>\n");
    search_form(h, frame);
    html_markup(h, "<nav aria-label=\"Views\">\n<a href=\"/sessions\"");
    if (frame->view == WEB_SESSIONS)
        html_markup(h, " aria-current=\"page\"");
    html_markup(h, ">Sessions</a>\n<a href=\"/sources\"");
    if (frame->view == WEB_SOURCES)
        html_markup(h, " aria-current=\"page\"");
    html_markup(h, ">Sources</a>\n</nav>\n</div>\n</header>\n");
}

void web_frame_begin(struct html *h, const struct web_frame *frame)
{
    static const char *const names[] = {
        [WEB_SEARCH] = "search", [WEB_PAGE] = "page",         [WEB_SOURCES] = "sources",
        [WEB_SOURCE] = "source", [WEB_SESSIONS] = "sessions", [WEB_SESSION] = "session",
    };
    if (!frame->fragment) {
        head(h, frame);
        html_markup(h, "<body>\n");
        bar(h, frame);
        html_markup(h, "<p class=\"unseen\" id=\"status\" role=\"status\"></p>\n"
                       "<main id=\"main\" tabindex=\"-1\">\n");
    }
    html_markup(h, "<div id=\"view\"");
    html_attr(h, "class", names[frame->view]);
    html_attr(h, "data-title", frame->title);
    html_attr(h, "data-status", frame->status);
    html_markup(h, ">\n");
}

void web_frame_end(struct html *h, const struct web_frame *frame)
{
    html_markup(h, "</div>\n");
    if (frame->fragment)
        return;
    html_markup(h, "</main>\n<footer>\n<p class=\"keys\"><kbd>/</kbd> search "
                   "<kbd>\xE2\x86\x91</kbd> <kbd>\xE2\x86\x93</kbd> choose <kbd>Enter</kbd> open "
                   "<kbd>Esc</kbd> back</p>\n</footer>\n</body>\n</html>\n");
}

void web_problem(struct html *h, const struct web_frame *frame, const char *what,
                 const char *detail)
{
    web_frame_begin(h, frame);
    html_markup(h, "<div class=\"problem\" role=\"alert\">\n<h1>");
    html_text(h, what);
    html_markup(h, "</h1>\n<p>");
    html_text(h, detail);
    html_markup(h, "</p>\n</div>\n");
    web_frame_end(h, frame);
}

void web_search_address(struct html *h, const char *query, const char *source, int64_t offset)
{
    html_markup(h, "/?q=");
    html_query(h, query);
    if (source[0]) {
        html_markup(h, "&amp;source=");
        html_query(h, source);
    }
    if (offset > 0)
        html_textf(h, "&offset=%" PRId64, offset);
}

void web_page_address(struct html *h, const struct web_place *place)
{
    html_markup(h, "/pages/");
    html_query(h, place->source);
    html_markup(h, "/");
    html_path(h, place->path);
    if (place->query[0]) {
        html_markup(h, "?q=");
        html_query(h, place->query);
    }
    if (place->chunk >= 0)
        html_textf(h, "#c%" PRId64, place->chunk);
}
