/*
 * Copyright (c) 2026 The bpfstatsd developers
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

/*
 * bpfstatsctl(8): asks bpfstatsd(8) on its control socket; see control.h.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"

#define TIMEOUT		10		/* s for the daemon to answer */
#define MAX_REQUEST	1024
#define WIDTH		80		/* of the table */
#define CELL		96		/* bytes of a cell's text */
#define TIME_SIZE	24		/* and of a time in it */

/* One rule, as the daemon describes it. */
struct record {
	char	*field[NFIELDS];
};

/* The table. */
enum column {
	COLUMN_RULE,
	COLUMN_INTERFACE,
	COLUMN_COUNT,
	COLUMN_TALLY,
	COLUMN_TOTAL,
	COLUMN_RUNS,
	COLUMN_FAIL,
	COLUMN_ON,
	COLUMN_LAST,
	COLUMN_NEXT,
	NCOLUMNS
};

struct row {
	char	 cell[NCOLUMNS][CELL];
};

static const struct row	 header = { {
	"RULE", "INTERFACE", "COUNT", "TALLY", "TOTAL", "RUNS", "FAIL", "ON",
	"LAST", "NEXT"
} };

/* What is printed for Prometheus. */
struct metric {
	const char	*name;
	const char	*type;
	const char	*help;
	enum field	 field;
};

static const struct metric	 metrics[] = {
	{ "attached", "gauge",
	    "Whether the interface is attached.", FIELD_COUNTER },
	{ "failures_total", "counter",
	    "Runs that failed.", FIELD_FAILURES },
	{ "last_start_timestamp_seconds", "gauge",
	    "When the rule last started something.", FIELD_START },
	{ "on", "gauge",
	    "Whether the rule is on, if it has an idle command.", FIELD_ON },
	{ "packets_total", "counter",
	    "Packets seen.", FIELD_TOTAL },
	{ "running", "gauge",
	    "Whether a command of the rule is running.", FIELD_PID },
	{ "runs_total", "counter",
	    "Runs of either command.", FIELD_RUNS },
	{ "tally", "gauge",
	    "Packets that no run has taken, or in the window.", FIELD_TALLY }
};

#define MINUTE		((uint64_t)60)
#define HOUR		(60 * MINUTE)
#define DAY		(24 * HOUR)

#define nitems(a)	(sizeof(a) / sizeof((a)[0]))

static void	 usage(void) __attribute__((__noreturn__));
static void	 compose(char *, size_t, const char *, char **, int);
static int	 connect_to(const char *, int);
static char	*ask(const char *, const char *, int, size_t *);
static void	 fail(const char *) __attribute__((__noreturn__));
static int	 cut_status(char *, size_t);
static void	 print_failure(char *, int);
static struct record *parse_records(char *, size_t *);
static void	 print_table(const struct record *, size_t);
static int	 fit(int *);
static int	 sum(const int *);
static void	 print_row(const struct row *, const int *, int);
static void	 fill_row(struct row *, const struct record *);
static int	 is_none(const char *);
static void	 fill_number(char *, const char *);
static void	 fill_last(char *, const struct record *);
static void	 fill_next(char *, const struct record *);
static void	 fill_time(char *, const char *);
static void	 print_json(const struct record *, size_t);
static void	 print_object(const struct record *);
static void	 print_string(const char *);
static void	 print_text(const char *, const char *);
static void	 print_number(const char *, const char *);
static void	 print_metrics(const struct record *, size_t);
static const char *metric_value(const struct metric *,
		    const struct record *);

static void
usage(void)
{
	fprintf(stderr, "usage: bpfstatsctl [-j] [-s socket] command "
	    "[argument ...]\n"
	    "commands: metrics, reload, reset rule, run rule [idle], "
	    "show [rule]\n");
	exit(1);
}

int
main(int argc, char **argv)
{
	const char	*path = CONTROL_SOCKET, *command;
	char		 request[MAX_REQUEST], *answer;
	struct record	*records = NULL;
	size_t		 len, n;
	int		 ch, json = 0, waits;

	while ((ch = getopt(argc, argv, "+js:")) != -1)
		switch (ch) {
		case 'j':
			json = 1;
			break;
		case 's':
			path = optarg;
			break;
		default:
			usage();
		}
	argc -= optind;
	argv += optind;
	if (argc == 0)
		usage();
	command = argv[0];
	compose(request, sizeof(request), command, argv + 1, argc - 1);
	if (json && strcmp(command, "show") != 0)
		errx(1, "-j requires show");

	waits = strcmp(command, "reload") == 0 || strcmp(command, "run") == 0;
	answer = ask(path, request, waits, &len);
	if (!cut_status(answer, len)) {
		print_failure(answer, strcmp(command, "reload") == 0);
		free(answer);
		return 1;
	}
	if (strncmp(request, "show", 4) != 0)
		printf("%s", answer);
	else {
		records = parse_records(answer, &n);
		if (strcmp(command, "metrics") == 0)
			print_metrics(records, n);
		else if (json)
			print_json(records, n);
		else
			print_table(records, n);
	}
	if (fflush(stdout) == EOF || ferror(stdout))
		err(1, "stdout");
	free(records);
	free(answer);
	return 0;
}

/* Asking. */

/* The request for a command of the command line; exits if that is wrong. */
static void
compose(char *request, size_t size, const char *command, char **args,
    int nargs)
{
	static const struct {
		const char	*command;
		const char	*request;
		int		 min, max;	/* arguments */
	}		 commands[] = {
		{ "metrics", "show", 0, 0 },
		{ "reload", "reload", 0, 0 },
		{ "reset", "reset", 1, 1 },
		{ "run", "run", 1, 2 },
		{ "show", "show", 0, 1 }
	};
	const char	*p;
	size_t		 i = 0;
	int		 j;

	while (i < nitems(commands) &&
	    strcmp(command, commands[i].command) != 0)
		i++;
	if (i == nitems(commands) || nargs < commands[i].min ||
	    nargs > commands[i].max)
		usage();
	strlcpy(request, commands[i].request, size);
	for (j = 0; j < nargs; j++) {
		for (p = args[j]; isgraph((unsigned char)*p); p++)
			continue;
		if (p == args[j] || *p != '\0')
			errx(1, "invalid rule name: \"%s\"", args[j]);
		strlcat(request, " ", size);
		if (strlcat(request, args[j], size) >= size - 1)
			errx(1, "%s: too long", args[j]);
	}
	strlcat(request, "\n", size);
}

/*
 * Send a request and read the answer, its length in *len, with a NUL after
 * it.  Exits if there is none.
 */
static char *
ask(const char *path, const char *request, int waits, size_t *len)
{
	char	*answer = NULL, *larger;
	size_t	 size = 0;
	ssize_t	 n;
	int	 fd;

	signal(SIGPIPE, SIG_IGN);
	fd = connect_to(path, waits);
	n = strlen(request);
	if (write(fd, request, n) != n)
		fail(path);
	*len = 0;
	do {
		if (size - *len < 2) {
			size = size == 0 ? 65536 : size * 2;
			if ((larger = realloc(answer, size)) == NULL)
				err(1, "realloc");
			answer = larger;
		}
		if ((n = read(fd, answer + *len, size - *len - 1)) == -1)
			fail(path);
		*len += n;
	} while (n > 0);
	close(fd);
	answer[*len] = '\0';
	return answer;
}

/* The socket has a time limit for all but an answer that is waited for. */
static int
connect_to(const char *path, int waits)
{
	struct sockaddr_un	 address = { .sun_family = AF_UNIX };
	struct timeval		 limit = { .tv_sec = TIMEOUT };
	int			 fd;

	if (strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
	    sizeof(address.sun_path))
		errx(1, "%s: not a path of 1 to %zu bytes", path,
		    sizeof(address.sun_path) - 1);
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
		err(1, "socket");
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
	    sizeof(limit)) == -1 || (!waits && setsockopt(fd, SOL_SOCKET,
	    SO_RCVTIMEO, &limit, sizeof(limit)) == -1))
		err(1, "setsockopt");
	if (unveil(path, "rw") == -1)
		err(1, "unveil");
	if (pledge("stdio unix", NULL) == -1)
		err(1, "pledge");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1)
		fail(path);
	if (pledge("stdio", NULL) == -1)
		err(1, "pledge");
	return fd;
}

/* A call on the socket failed.  The daemon may be stopped, or be no daemon. */
static void
fail(const char *path)
{
	if (errno == EAGAIN)
		errx(1, "%s: no answer", path);
	err(1, "%s", path);
}

/*
 * Cut off the last line, which tells whether all went well: returns 1 if so.
 * Exits if there is no such line.
 */
static int
cut_status(char *answer, size_t len)
{
	char	*status;

	if (len > 0 && answer[len - 1] == '\n' && strlen(answer) == len) {
		answer[len - 1] = '\0';
		status = strrchr(answer, '\n');
		status = status == NULL ? answer : status + 1;
		if (strcmp(status, CONTROL_DONE) == 0) {
			*status = '\0';
			return 1;
		}
		if (strcmp(status, CONTROL_FAILED) == 0) {
			*status = '\0';
			return 0;
		}
	}
	errx(1, "incomplete answer from the daemon");
}

/* Why the daemon refuses; plain if it is about lines of a file. */
static void
print_failure(char *answer, int plain)
{
	char	*line;

	while ((line = strsep(&answer, "\n")) != NULL && *line != '\0')
		if (plain)
			fprintf(stderr, "%s\n", line);
		else
			warnx("%s", line);
}

/* Showing. */

/* Cut the answer into records; exits if it is something else. */
static struct record *
parse_records(char *answer, size_t *n)
{
	struct record	*records;
	char	*p, *line;
	size_t	 max = 0;
	int	 i;

	for (p = answer; *p != '\0'; p++)
		max += *p == '\n';
	if ((records = calloc(max + 1, sizeof(*records))) == NULL)
		err(1, "calloc");
	for (*n = 0; *n < max; (*n)++) {
		line = strsep(&answer, "\n");
		for (i = 0; i < NFIELDS; i++)
			records[*n].field[i] = strsep(&line, "\t");
		if (records[*n].field[NFIELDS - 1] == NULL || line != NULL)
			errx(1, "the daemon is another version: restart it");
	}
	return records;
}

static void
print_table(const struct record *records, size_t n)
{
	struct row	 row;
	int		 widths[NCOLUMNS], i, gap;
	size_t		 r;

	for (i = 0; i < NCOLUMNS; i++)
		widths[i] = strlen(header.cell[i]);
	for (r = 0; r < n; r++) {
		fill_row(&row, &records[r]);
		for (i = 0; i < NCOLUMNS; i++)
			if ((int)strlen(row.cell[i]) > widths[i])
				widths[i] = strlen(row.cell[i]);
	}
	gap = fit(widths);
	print_row(&header, widths, gap);
	for (r = 0; r < n; r++) {
		fill_row(&row, &records[r]);
		print_row(&row, widths, gap);
	}
}

/*
 * Make the table no wider than a terminal, if need be by cutting what is
 * widest of texts.  Returns the blanks between two columns.
 */
static int
fit(int *widths)
{
	int	*widest;

	if (sum(widths) + 2 * (NCOLUMNS - 1) <= WIDTH)
		return 2;
	while (sum(widths) + NCOLUMNS - 1 > WIDTH) {
		widest = &widths[COLUMN_RULE];
		if (widths[COLUMN_INTERFACE] > *widest)
			widest = &widths[COLUMN_INTERFACE];
		if (widths[COLUMN_COUNT] > *widest)
			widest = &widths[COLUMN_COUNT];
		(*widest)--;
	}
	return 1;
}

static int
sum(const int *widths)
{
	int	 i, total = 0;

	for (i = 0; i < NCOLUMNS; i++)
		total += widths[i];
	return total;
}

/* What is cut ends in a plus sign. */
static void
print_row(const struct row *row, const int *widths, int gap)
{
	const char	*cell;
	int		 i, width;

	for (i = 0; i < NCOLUMNS; i++) {
		cell = row->cell[i];
		width = widths[i];
		if (i > 0)
			printf("%*s", gap, "");
		if ((int)strlen(cell) > width)
			printf("%.*s+", width - 1, cell);
		else if (i >= COLUMN_TALLY && i <= COLUMN_FAIL)
			printf("%*s", width, cell);
		else if (i < NCOLUMNS - 1)
			printf("%-*s", width, cell);
		else
			printf("%s", cell);
	}
	printf("\n");
}

static void
fill_row(struct row *row, const struct record *r)
{
	const char	*condition = r->field[FIELD_CONDITION];

	if (strncmp(condition, "count ", 6) == 0)
		condition += 6;
	strlcpy(row->cell[COLUMN_RULE], r->field[FIELD_RULE], CELL);
	snprintf(row->cell[COLUMN_INTERFACE], CELL, "%s%s",
	    r->field[FIELD_INTERFACE],
	    is_none(r->field[FIELD_COUNTER]) ? " waits" : "");
	strlcpy(row->cell[COLUMN_COUNT], condition, CELL);
	fill_number(row->cell[COLUMN_TALLY], r->field[FIELD_TALLY]);
	fill_number(row->cell[COLUMN_TOTAL], r->field[FIELD_TOTAL]);
	fill_number(row->cell[COLUMN_RUNS], r->field[FIELD_RUNS]);
	fill_number(row->cell[COLUMN_FAIL], r->field[FIELD_FAILURES]);
	strlcpy(row->cell[COLUMN_ON], r->field[FIELD_ON], CELL);
	fill_last(row->cell[COLUMN_LAST], r);
	fill_next(row->cell[COLUMN_NEXT], r);
}

static int
is_none(const char *field)
{
	return strcmp(field, "-") == 0;
}

/* A large number is rounded down. */
static void
fill_number(char *cell, const char *field)
{
	static const char	 units[] = "KMGTPE";
	const char		*unit = units;
	uint64_t		 n = strtoull(field, NULL, 10);

	if (n < 100000) {
		snprintf(cell, CELL, "%" PRIu64, n);
		return;
	}
	for (n /= 1000; n >= 10000; unit++)
		n /= 1000;
	snprintf(cell, CELL, "%" PRIu64 "%c", n, *unit);
}

/* What runs, or how and when the last run ended. */
static void
fill_last(char *cell, const struct record *r)
{
	const char	*last = r->field[FIELD_LAST];
	char		 ago[TIME_SIZE];

	fill_time(ago, r->field[FIELD_AGO]);
	if (!is_none(r->field[FIELD_PID]))
		snprintf(cell, CELL, "runs %s", ago);
	else if (is_none(last))
		strlcpy(cell, "-", CELL);
	else if (strcmp(last, "exit 0") == 0)
		snprintf(cell, CELL, "ok %s", ago);
	else if (strncmp(last, "signal ", 7) == 0)
		snprintf(cell, CELL, "sig %.3s %s", last + 7, ago);
	else
		snprintf(cell, CELL, "%.8s %s", last, ago);
}

/* When its command may run, or when it goes off. */
static void
fill_next(char *cell, const struct record *r)
{
	char	 left[TIME_SIZE];

	if (!is_none(r->field[FIELD_NEXT])) {
		fill_time(left, r->field[FIELD_NEXT]);
		strlcpy(cell, strcmp(left, "0s") == 0 ? "now" : left, CELL);
	} else if (!is_none(r->field[FIELD_OFF])) {
		fill_time(left, r->field[FIELD_OFF]);
		snprintf(cell, CELL, "off %s", left);
	} else
		strlcpy(cell, "-", CELL);
}

/* A number of seconds, in a unit that leaves it short. */
static void
fill_time(char *buf, const char *field)
{
	uint64_t	 seconds = strtoull(field, NULL, 10);

	if (seconds < 2 * MINUTE)
		snprintf(buf, TIME_SIZE, "%" PRIu64 "s", seconds);
	else if (seconds < 2 * HOUR)
		snprintf(buf, TIME_SIZE, "%" PRIu64 "m", seconds / MINUTE);
	else if (seconds < 2 * DAY)
		snprintf(buf, TIME_SIZE, "%" PRIu64 "h", seconds / HOUR);
	else if (seconds < 10000 * DAY)
		snprintf(buf, TIME_SIZE, "%" PRIu64 "d", seconds / DAY);
	else
		snprintf(buf, TIME_SIZE, "%" PRIu64 "y",
		    seconds / (365 * DAY));
}

/* JSON: an array, one object a rule. */
static void
print_json(const struct record *records, size_t n)
{
	size_t	 i;

	printf("[");
	for (i = 0; i < n; i++) {
		printf("%s\n", i > 0 ? "," : "");
		print_object(&records[i]);
	}
	printf("%s]\n", n > 0 ? "\n" : "");
}

static void
print_object(const struct record *r)
{
	printf("{\"rule\": ");
	print_string(r->field[FIELD_RULE]);
	printf(", \"interface\": ");
	print_string(r->field[FIELD_INTERFACE]);
	printf(", \"attached\": %s",
	    is_none(r->field[FIELD_COUNTER]) ? "false" : "true");
	print_text("counter", r->field[FIELD_COUNTER]);
	print_text("direction", r->field[FIELD_DIRECTION]);
	print_text("filter", r->field[FIELD_FILTER]);
	print_text("condition", r->field[FIELD_CONDITION]);
	print_number("tally", r->field[FIELD_TALLY]);
	print_number("total", r->field[FIELD_TOTAL]);
	print_number("runs", r->field[FIELD_RUNS]);
	print_number("failures", r->field[FIELD_FAILURES]);
	printf(", \"on\": %s", is_none(r->field[FIELD_ON]) ? "null" :
	    strcmp(r->field[FIELD_ON], "on") == 0 ? "true" : "false");
	print_number("pid", r->field[FIELD_PID]);
	print_text("last", r->field[FIELD_LAST]);
	print_number("ago", r->field[FIELD_AGO]);
	print_number("start", r->field[FIELD_START]);
	print_number("next", r->field[FIELD_NEXT]);
	print_number("off", r->field[FIELD_OFF]);
	printf("}");
}

/* The daemon sends nothing but UTF-8. */
static void
print_string(const char *s)
{
	putchar('"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('"');
}

static void
print_text(const char *name, const char *field)
{
	printf(", \"%s\": ", name);
	if (is_none(field))
		printf("null");
	else
		print_string(field);
}

static void
print_number(const char *name, const char *field)
{
	printf(", \"%s\": %s", name, is_none(field) ? "null" : field);
}

/* Prometheus' text format. */
static void
print_metrics(const struct record *records, size_t n)
{
	const struct metric	*m;
	const char		*value;
	size_t			 i, r;
	int			 began;

	for (i = 0; i < nitems(metrics); i++) {
		m = &metrics[i];
		began = 0;
		for (r = 0; r < n; r++) {
			if ((value = metric_value(m, &records[r])) == NULL)
				continue;
			if (!began)
				printf("# HELP bpfstatsd_%s %s\n"
				    "# TYPE bpfstatsd_%s %s\n", m->name,
				    m->help, m->name, m->type);
			began = 1;
			/* a name has nothing that must be escaped */
			printf("bpfstatsd_%s{rule=\"%s\"} %s\n", m->name,
			    records[r].field[FIELD_RULE], value);
		}
	}
}

/* Or NULL if the rule has no such number. */
static const char *
metric_value(const struct metric *m, const struct record *r)
{
	const char	*field = r->field[m->field];

	switch (m->field) {
	case FIELD_COUNTER:
	case FIELD_PID:
		return is_none(field) ? "0" : "1";
	case FIELD_ON:
		return is_none(field) ? NULL :
		    strcmp(field, "on") == 0 ? "1" : "0";
	default:
		return is_none(field) ? NULL : field;
	}
}
