from moviec.library.catalogue import Catalogue as Catalogue

__version__: str
