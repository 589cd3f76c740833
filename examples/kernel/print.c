/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Printing to the console.
 */
#include "kernel.h"

static void
kernel_print_text(const char *text)
{
	for (; *text != '\0'; text++) {
		machine_putc(*text);
	}
}

static void
kernel_print_hex(uint64_t value)
{
	int shift;

	for (shift = 60; shift >= 0; shift -= 4) {
		machine_putc("0123456789abcdef"[(value >> shift) & 15]);
	}
}

static void
kernel_print_decimal(uint32_t value)
{
	char digits[11];
	char *first = &digits[10];

	*first = '\0';
	do {
		*--first = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	kernel_print_text(first);
}

void
kernel_print(const char *format, ...)
{
	__builtin_va_list arguments;

	__builtin_va_start(arguments, format);
	for (; *format != '\0'; format++) {
		if (*format != '%') {
			machine_putc(*format);
			continue;
		}
		format++;
		if (*format == 's') {
			kernel_print_text(__builtin_va_arg(arguments,
			    const char *));
		} else if (*format == 'u') {
			kernel_print_decimal(__builtin_va_arg(arguments,
			    uint32_t));
		} else {
			kernel_print_hex(__builtin_va_arg(arguments,
			    uint64_t));
		}
	}
	__builtin_va_end(arguments);
}
