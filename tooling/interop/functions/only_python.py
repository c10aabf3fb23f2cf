"""Functions that only Python workers have."""


def square(number):
    return number * number


class Calculator:
    @staticmethod
    def double(number):
        return number * 2


def länge(text):
    return len(text)


def big():
    return 2**80


def odd_numbers():
    return [float('nan'), float('inf'), float('-inf'), 2**70, -(2**60), 1e16, 0.1]


def unicode_text():
    return 'Grüße, 世界 🎉 \u2028 "quoted" \\ and \x00'


def hold_again(key, seconds):
    import tasks

    return tasks.hold(key, seconds)
