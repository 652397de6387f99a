from moviec.library import Catalogue as Catalogue

__version__: str
