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

#ifndef LOG_H
#define LOG_H

enum log_to {
	LOG_TO_STDERR,
	LOG_TO_BOTH,
	LOG_TO_SYSLOG,
	LOG_TO_NOBODY
};

#define PRINTFLIKE	__attribute__((__format__(printf, 1, 2)))
#define NORETURN	__attribute__((__noreturn__))

void	 log_level(int);
void	 log_open(enum log_to);
void	 log_child(void);
void	 log_wait(void);
void	 log_listen(void (*)(unsigned int, const char *), unsigned int);
void	 log_close(void);
void	 log_warn(const char *, ...) PRINTFLIKE;
void	 log_warnx(const char *, ...) PRINTFLIKE;
void	 log_notice(const char *, ...) PRINTFLIKE;
void	 log_info(const char *, ...) PRINTFLIKE;
void	 log_at(const char *, int, const char *, ...)
	    __attribute__((__format__(printf, 3, 4)));
size_t	 log_printable(char *, size_t, const char *, size_t);
void	 log_debug(const char *, ...) PRINTFLIKE;
void	 fatal(const char *, ...) PRINTFLIKE NORETURN;
void	 fatalx(const char *, ...) PRINTFLIKE NORETURN;

#endif
