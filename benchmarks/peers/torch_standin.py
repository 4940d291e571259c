"""In the place of torch, which is gigabytes: names without anything behind them, and a plain loader of data.

Two of the load generators import torch and compute nothing with it when they send load. Put into their environments; not imported here.
It makes them start sooner and smaller than they are with torch.
"""

import importlib.abc
import importlib.machinery
import os
import sys
import types

# vLLM's own parts for media and adapters are nothing but torch; they go with it.
ABSENT = ("torch", *os.environ.get("STANDIN_ALSO", "").split())


class _Kind(type):
    """A class of which everything is another such class."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Kind(name, (), {})

    def __call__(cls, *args, **options):
        """As a decorator it changes nothing."""
        plain = len(args) == 1 and not options and callable(args[0]) and not isinstance(args[0], _Kind)
        return args[0] if plain else _Kind("made", (), {})

    def __getitem__(cls, key):
        return cls

    def __or__(cls, other):
        return cls

    __ror__ = __or__

    def __radd__(cls, other):
        return other

    def __iter__(cls):
        return iter(())

    def __lt__(cls, other):
        return False

    __gt__ = __lt__

    def __mro_entries__(cls, bases):
        return (object,)


class _Of:
    """A class with type parameters that nobody looks at."""

    def __class_getitem__(cls, key):
        return cls


class Loader(_Of):
    """One item after the other."""

    def __init__(self, dataset, *, collate_fn=None, sampler=None, num_workers=0, **options):
        self.dataset, self.collate_fn, self.sampler, self.num_workers = dataset, collate_fn, sampler, num_workers

    def __iter__(self):
        for item in self.dataset:
            yield self.collate_fn([item]) if self.collate_fn else item


class Data(_Of):
    pass


_PLAIN = {
    "DataLoader": Loader,
    "Dataset": Data,
    "IterableDataset": Data,
    "Sampler": Data,
    "get_worker_info": lambda: None,
}


class _Module(types.ModuleType):
    __path__ = []
    __version__ = "0.0.1"

    def __getattr__(self, name):
        if name in _PLAIN and self.__name__.startswith("torch.utils.data"):
            return _PLAIN[name]
        if name.startswith("__"):
            raise AttributeError(name)
        return _Kind(name, (), {})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if any(name == absent or name.startswith(f"{absent}.") for absent in ABSENT):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return _Module(spec.name)

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, _Finder())
