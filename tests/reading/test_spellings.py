"""What people write in cells, kind by kind, and what two careful readers take it for; None where they would not agree."""

from __future__ import annotations

import datetime as dt

import pytest

from moviec.reading import dates, ids, money, numbers, ratings, titles

MONEY: dict[str, tuple[int, str] | None] = {
    "$836.8M": (836_800_000, "USD"), "$7,200,000 (estimated)": (7_200_000, "USD"), "$60 million": (60_000_000, "USD"),
    "1.5e8": (150_000_000, "USD"), "US$2,264,162,353": (2_264_162_353, "USD"), "$ 1200000": (1_200_000, "USD"),
    "€10,000,000": (10_000_000, "EUR"), "INR 250,000,000": (250_000_000, "INR"), "£3m": (3_000_000, "GBP"),
    "10 Mio. €": (10_000_000, "EUR"), "4.000.000,00 €": (4_000_000, "EUR"), "Rs. 25 crore": (250_000_000, "INR"),
    "25,00,00,000": (250_000_000, "USD"), "1513528810.0": (1_513_528_810, "USD"), "33M": (33_000_000, "USD"),
    "$1.2 billion": (1_200_000_000, "USD"), "$93,700,000[2]": (93_700_000, "USD"), "10M€": (10_000_000, "EUR"),
    "1234567 USD": (1_234_567, "USD"), "A$7.8 million": (7_800_000, "AUD"), "CA$1,000,000": (1_000_000, "CAD"),
    "¥300,000,000": (300_000_000, "¥"), "300,000,000 yen": (300_000_000, "JPY"), "DEM 5,000,000": (5_000_000, "DEM"),
    "12 crore": (120_000_000, "USD"), "$187,436,818 (worldwide)": (187_436_818, "USD"), "1 200 000": (1_200_000, "USD"),
    "1'200'000": (1_200_000, "USD"), "CHF 1'200'000": (1_200_000, "CHF"), "R$ 3.300.000": (3_300_000, "BRL"),
    "~$15 million": (15_000_000, "USD"), "$2.5k": (2_500, "USD"), "-5": (-5, "USD"), "0": (0, "USD"),
    "$20-25 million": None, "12.345": None, "60 mil": None, "$": None, "a lot": None, "5 potatoes": None, "<$1,000,000": None,
    "€10 dollars": None, "1,23,4": None, "$1.2.3": None,
    'USD 5m': (5000000, "USD"), '$5 mln': (5000000, "USD"), '5 Mio. $': (5000000, "USD"), '$5,5 Mio.': (5500000, "USD"),
    '€1.234.567': (1234567, "EUR"), '1.234.567,89 €': (1234568, "EUR"), '£1,234': (1234, "GBP"), 'GBP 1.2m': (1200000, "GBP"),
    '₹ 150 Cr': (1500000000, "INR"), 'Rs 45 lakh': (4500000, "INR"), '¥5億': (500000000, "¥"), 'JPY 1,000,000': (1000000, "JPY"),
    '50億円': (5000000000, "JPY"), '$ 5.0 M': (5000000, "USD"), '$5MM': (5000000, "USD"), '5 million dollars': (5000000, "USD"),
    '5 million US dollars': (5000000, "USD"), 'US$ 5 million': (5000000, "USD"), '$5M (est.)': (5000000, "USD"), '≈ $5M': (5000000, "USD"),
    'c. $5 million': (5000000, "USD"), '$5,000,000*': (5000000, "USD"), '$5,000,000†': (5000000, "USD"),
    'NT$ 30,000,000': (30000000, "TWD"), 'HK$30 million': (30000000, "HKD"), 'zł 5 mln': (5000000, "PLN"), '5 mln zł': (5000000, "PLN"),
    '120 mln Kč': (120000000, "CZK"), 'CHF 2.5 Mio': (2500000, "CHF"), '2,5 Mrd. €': (2500000000, "EUR"),
    'SEK 30 million': (30000000, "SEK"), '30 MSEK': None, 'kr 30 000 000': (30000000, "kr"), '(€10 million)': (10000000, "EUR"),
    '$5–6 million': None, 'up to $5m': None, 'DKK 10.000.000': (10000000, "DKK"), '$.5 million': (500000, "USD"), '5e6': (5000000, "USD"),
    '$1,234,567.00': (1234567, "USD"), '1 234 567,00 $': (1234567, "USD"), '5.000.000 $': (5000000, "USD"),
    '₩10,000,000,000': (10000000000, "KRW"), '100억원': (10000000000, "KRW"), '$60m worldwide': (60000000, "USD"),
}  # fmt: skip

DURATIONS = {
    "2h 26m": 146, "122 mins": 122, "PT2H50M": 170, "2 hours 32 minutes": 152, "167": 167, "2:15": 135, "136 min": 136,
    "1 Std. 40 Min.": 100, "1.5 hours": 90, "1,5 h": 90, "136 min.": 136, "95′": 95, "95'": 95, "1h": 60, "1h30": 90, "2h05": 125,
    "128 мин.": 128, "2 ч 8 мин": 128, "139分": 139, "115 min (director's cut)": 115, "01:55:30": 116, "136.0": 136, "1h 3": 63,
    "1h 3m 20s": 63, "2 hrs": 120, "90m": 90, "0": 0, "1 hr. 45 min.": 105, "1 hour, 45 minutes": 105, "1 hour and 45 minutes": 105,
    "2:05 h": 125, "95:30": 96, "PT95M": 95, "pt1h": 60, "98 Minuten": 98, "110 minutos": 110, "~90 min": 90, "81.5": 82,
    "90-95 min": None, "12:30": None, "long": None, "2h 75m": None, "-5": None, "90 km": None, "1999-01-01": None,
    '2 hr 15 min': 135, '2hr15': 135, '2h15m': 135, '2h15min': 135, "135'": 135, '135 Min.': 135, '135min': 135, '135 minut': 135,
    '135 perc': 135, '2 óra 15 perc': 135, '2 tim 15 min': 135, '2 t 15 min': 135, '2 godz. 15 min': 135, '2 hod. 15 min': 135,
    '2時間15分': 135, '135 dk': 135, '2:15:00': 135, '02:15': 135, '135.0 min': 135, 'PT2H15M30S': 136, 'PT8100S': 135,
    '135 (theatrical)': 135, '135 min | 149 min': None, '135/149': None, 'approx. 135 mins': 135, '2.25 h': 135, '2¼ h': 135,
    '2 1/2 hours': 150, '135 m': 135, '8100 s': 135, '2h': 120, '120': 120, '135 min 30 sec': 136, '1 h 60 min': None, "2h15'": 135,
    '2 ore 15 min': 135, '2 horas y 15 minutos': 135, '2 heures 15': 135,
}  # fmt: skip

RATINGS: dict[str, tuple[str, str] | None] = {
    "8.8/10": ("8.8", "10"), "87%": ("87", "100"), "87 %": ("87", "100"), "74/100": ("74", "100"), "★★★½": ("3.5", "stars"),
    "★★★☆☆": ("3", "5"), "⭐⭐⭐": ("3", "stars"), "****": ("4", "stars"), "B+": ("9", "grades"), "7,8": ("7.8", ""), "3½": ("3.5", ""),
    "4 out of 5": ("4", "5"), "3 1/2": ("3.5", ""), "5/5": ("5", "5"), "8.1 (1,234 votes)": ("8.1", ""), "4.5 stars": ("4.5", "stars"),
    "7.853": ("7.853", ""), "10": ("10", ""), "0": ("0", ""), "3.5/5": ("3.5", "5"), "8,8/10": ("8.8", "10"), "½": ("0.5", "stars"),
    "A−": ("10", "grades"), "2 of 4": ("2", "4"), "8/10 stars": ("8", "10"),
    "11/10": None, "good": None, "5/0": None, "%": None, "★★★★★★★★★★★★★": None, "B++": None, "1/2/3": None,
    '8.8 / 10': ("8.8", "10"), '8.8 of 10': ("8.8", "10"), '8.8 von 10': ("8.8", "10"), '8.8 sur 10': ("8.8", "10"), '8/10 ⭐': ("8", "10"),
    '★ 8.8': ("8.8", "stars"), '8.8★': ("8.8", "stars"), '★★★★': ("4", "stars"), '****½': ("4.5", "stars"), '4/5 stars': ("4", "5"),
    '4 stars out of 5': ("4", "5"), '4.0': ("4", ""), '4 (1,234 ratings)': ("4", ""), 'A+': ("12", "grades"), 'b-': ("7", "grades"),
    'F': ("0", "grades"), '88 %': ("88", "100"), '88 percent': ("88", "100"), '88/100': ("88", "100"), '0.88': ("0.88", ""),
    'thumbs up': None, '7-8': None, '10+': None, 'Fresh 88%': None, '3.5/4': ("3.5", "4"), 'three stars': None, '3 and a half': None,
    '3½ stars': ("3.5", "stars"), '8,8': ("8.8", ""), '⭐️⭐️⭐️⭐️': ("4", "stars"), '☆☆☆☆☆': ("0", "5"), '-': None, 'NR': None,
    'Not Rated': None, '5*': ("5", "stars"), '9.': ("9", ""), '4,5/5': ("4.5", "5"), '8.8/10 (2.4M)': ("8.8", "10"),
}  # fmt: skip

COUNTS = {
    "2,345,678": 2_345_678, "2.345.678": 2_345_678, "2.0M": 2_000_000, "1.400": 1400, "12K": 12_000, "1.2k": 1200, "(1,234 votes)": 1234,
    "250,000+ Ratings": 250_000, "1234.0": 1234, "1 234": 1234, "1,234 ratings": 1234, "7": 7, "2'012'345": 2_012_345,
    "based on 1,020 votes": 1020, "3 Reviews": 3, "20,12,345": 2_012_345, "-3": -3,
    "lots": None, "1.5": None, "N": None, "1,2": None, "many votes": None,
    '1,2 Mio': 1200000, '1.2 million votes': 1200000, '12.3k': 12300, '12,3 k': 12300, '2 345 678': 2345678, '2 345 678 votes': 2345678,
    '(2345)': 2345, '[2345]': 2345, '≈ 2,000': 2000, '2.345': 2345, '1,234 Stimmen': 1234, '1 234 голоса': 1234, '12万': 120000,
    '1.2万人': 12000, '2,3M+': 2300000, '2345 users': 2345, '2345 user reviews': 2345, 'N=2345': 2345, '1e6': 1000000, '0': 0,
    '1234567890': 1234567890, '12 345,0': 12345, 'votes: 1,234': 1234, '1,234.0': 1234, '1.234.567': 1234567, '1,23,456': 123456,
    '< 1000': None, '1k+': 1000, '1234 vote(s)': 1234,
}  # fmt: skip

DATES = {
    "June 13, 1980 (United States)": "1980-06-13", "2010-07-08T00:00:00Z": "2010-07-08", "23/02/1996": "1996-02-23", "10/30/1995": "1995-10-30",
    "13. Juni 1980": "1980-06-13", "13 de junio de 1980": "1980-06-13", "1980年6月13日": "1980-06-13", "30-Oct-95": "1995-10-30",
    "21.03.2014": "2014-03-21", "20100715": "2010-07-15", "Released Dec 16, 1970": "1970-12-16", "Friday, June 13, 1980": "1980-06-13",
    "10/30/1995 0:00": "1995-10-30", "5 May 2017": "2017-05-05", "May 5th, 2017": "2017-05-05", "2017-05-05 00:00:00": "2017-05-05",
    "06-13-80": "1980-06-13", "1er juin 1999": "1999-06-01", "1999/3/31": "1999-03-31", "1999-3-31": "1999-03-31", "31 mars 1999": "1999-03-31",
    "31 марта 1999": "1999-03-31", "05 Sept 2001": "2001-09-05", "7/7/1999": "1999-07-07", "25.12.09": "2009-12-25", "12/25/29": "2029-12-25",
    "12/25/30": "1930-12-25", "(13 June 1980)": "1980-06-13", "13-JUN-1980": "1980-06-13", "Sat, 5 Jul 2003": "2003-07-05",
    "2003-07-05T12:30:00.000+02:00": "2003-07-05", "1999년 3월 31일": "1999-03-31", "31 March 1999 (USA)": "1999-03-31",
    "11/06/1999": "1999", "7/4/96": "1996", "Mar 2014": "2014", "1999-06": "1999", "(2001)": "2001", "1999": "1999", "1999-06-00": "1999",
    "1990s": None, "25th of May": None, "soon": None, "2001-02-30": None, "31/02/2001": None, "13/13/2001": None,
    '2.5.2017': '2017-05-02', '1. Mai 2017': '2017-05-01', '2017. 05. 05.': '2017-05-05', '5-May-2017': '2017-05-05', '5/V/2017': '2017',
    'May 2017': '2017', 'Spring 2017': '2017', 'Q2 2017': '2017', '5.5.17': '2017-05-05', '2017年5月': '2017', '5 mai 2017': '2017-05-05',
    '5 de maio de 2017': '2017-05-05', '5. května 2017': '2017-05-05', '5 maja 2017': '2017-05-05', '5 мая 2017 г.': '2017-05-05',
    '2017.05.05': '2017-05-05', '05May2017': '2017-05-05', 'Fri May 05 2017': '2017-05-05', '2017-05-05T00:00:00+02:00': '2017-05-05',
    '5th May 2017': '2017-05-05', 'May 5 2017': '2017-05-05', 'MAY 5, 2017': '2017-05-05', '2017-W18': None, '05-05-2017': '2017-05-05',
    '2017/05': '2017', '5/2017': '2017', '20170505': '2017-05-05', '1494000000': None, '42860': None, 'May 5, 2017 (USA)': '2017-05-05',
    '5 May 2017 (UK)': '2017-05-05', 'circa 2017': '2017', '5 Mayıs 2017': '2017-05-05', '5 toukokuuta 2017': '2017-05-05',
    '2017 May 5': '2017-05-05', '2017-5-5 12:30 PM': '2017-05-05', '2017年05月05日(金)': '2017-05-05',
    'Released: 5 May 2017': '2017-05-05', 'c. 1920': '1920',
}  # fmt: skip

YEARS = {
    "1999": 1999, "(2001)": 2001, "I 1972": 1972, "(I) (1972)": 1972, "1999.0": 1999, "2008–2013": 2008, "2014–": 2014, "'72": 1972,
    "c. 1972": 1972, "1,999": 1999, "[1972]": 1972, "1972 (TV)": 1972, "2010-07-15": 2010, "1972/1973": 1972, "Jul 2010": 2010,
    "1954年": 1954, "昭和28年": 1953, "令和元年": 2019, "1999年3月": 1999, "2014-15": 2014, "1999[75]": 1999, "06/1999": 1999, "Q1 2010": 2010,
    "(1999": 1999, "1999, 2001": 1999, "1995–present": 1995, "1968 ": 1968,
    "136+2001": None, "99 2049": None, "31)2049-": None, "20th century": None,
    "1990s": None, "72": None, "'05": None, "36526": None, "19999": None, "soon": None, "1850": None, "5/1/95": None,
}  # fmt: skip

IDS = {
    ("imdb", "http://www.imdb.com/title/tt1375666/?ref_=fn_tt_tt_1"): "tt1375666", ("imdb", "123"): "tt0000123", ("imdb", "114709.0"): "tt0114709",
    ("imdb", "tt0114709"): "tt0114709", ("imdb", "imdb://tt0114709"): "tt0114709", ("imdb", "https://m.imdb.com/title/tt10872600"): "tt10872600",
    ("imdb", "nonsense"): None, ("imdb", "nm0000123"): None, ("imdb", "0"): None, ("tmdb", "862.0"): "862", ("tmdb", "862"): "862",
    ("tmdb", "https://www.themoviedb.org/movie/862-toy-story"): "862", ("tmdb", "tmdb://862"): "862", ("tmdb", "862.5"): None, ("tmdb", "tt1"): None,
    ("wikidata", "http://www.wikidata.org/entity/Q25188"): "Q25188", ("wikidata", "Q25188"): "Q25188", ("wikidata", "25188"): None,
    ("letterboxd", "https://letterboxd.com/film/inception/"): "inception", ("letterboxd", "https://boxd.it/1skk"): "https://boxd.it/1skk",
    ("rottentomatoes", "https://www.rottentomatoes.com/m/inception"): "m/inception", ("rottentomatoes", "/m/inception"): "m/inception",
    ("trakt", "https://trakt.tv/movies/heat-1995"): "heat-1995", ("shop", "s-9"): "s-9", ("shop", "12.0"): "12",
    ('imdb', 'https://www.imdb.com/title/tt0114709/reference'): 'tt0114709', ('imdb', 'imdb.com/title/tt0114709'): 'tt0114709',
    ('imdb', 'tt0114709/'): 'tt0114709', ('imdb', 'TT0114709'): 'tt0114709', ('imdb', 'tt114709'): 'tt0114709',
    ('imdb', '/title/tt0114709/'): 'tt0114709', ('imdb', 'imdb:tt0114709'): 'tt0114709',
    ('imdb', 'com.plexapp.agents.imdb://tt0114709?lang=en'): 'tt0114709', ('imdb', 'https://www.imdb.com/de/title/tt0114709/'): 'tt0114709',
    ('imdb', '=HYPERLINK("https://www.imdb.com/title/tt0114709/","Toy Story")'): 'tt0114709', ('imdb', '0114709'): 'tt0114709',
    ('imdb', 'tt0114709 '): 'tt0114709', ('imdb', 'ttt0114709'): None, ('tmdb', 'movie/862'): '862', ('tmdb', '862-toy-story'): '862',
    ('tmdb', 'https://www.themoviedb.org/movie/862?language=de'): '862', ('tmdb', 'themoviedb.org/movie/862'): '862',
    ('tmdb', '862,0'): '862', ('tmdb', '8.62E+02'): None, ('tmdb', 'https://www.themoviedb.org/tv/862'): None,
    ('wikidata', 'wd:Q25188'): 'Q25188', ('letterboxd', '/film/heat-1995/'): 'heat-1995', ('letterboxd', 'heat-1995'): 'heat-1995',
    ('rottentomatoes', 'm/heat'): 'm/heat', ('rottentomatoes', 'heat'): 'heat', ('trakt', 'heat-1995'): 'heat-1995',
    ('metacritic', 'https://www.metacritic.com/movie/heat/'): 'movie/heat',
    ('netflix', 'https://www.netflix.com/watch/60011152'): '60011152', ('douban', 'https://movie.douban.com/subject/1291548/'): '1291548',
    ('movielens', '6'): '6',
}  # fmt: skip

TITLES: dict[str, tuple[str, int | None, dict[str, str]] | None] = {
    "Inception (2010) {imdb-tt1375666} [1080p]": ("Inception", 2010, {"imdb": "tt1375666"}),
    "Cinderella (2015)": ("Cinderella", 2015, {}),
    "The.Matrix.1999.1080p.BluRay.x264-GROUP.mkv": ("The Matrix", 1999, {}),
    "Blade.Runner.2049.2017.2160p": ("Blade Runner 2049", 2017, {}),
    "2001: A Space Odyssey (1968)": ("2001: A Space Odyssey", 1968, {}),
    "(500) Days of Summer (2009)": ("(500) Days of Summer", 2009, {}),
    "Blade Runner (1982) {edition-Final Cut}": ("Blade Runner", 1982, {}),
    "Aliens (1986) [Director's Cut]": ("Aliens", 1986, {}),
    "Alien (1979) (Director's Cut) (1080p BluRay x265)": ("Alien", 1979, {}),
    "S.W.A.T.2003.720p.mkv": ("S.W.A.T.", 2003, {}),
    "Heat [tmdbid=949]": ("Heat", None, {"tmdb": "949"}),
    "Heat (1995) - 1080p.mkv": ("Heat", 1995, {}),
    "Wall-E (2008) - [Bluray-1080p]": ("Wall-E", 2008, {}),
    "The_Matrix_1999_1080p": ("The Matrix", 1999, {}),
    "(2010) Inception": ("Inception", 2010, {}),
    "[REC] (2007)": ("[REC]", 2007, {}),
    "2012 (2009)": ("2012", 2009, {}),
    "Avatar (2009/I)": ("Avatar", 2009, {}),
    "AmÃ©lie": ("Amélie", None, {}),
    "LÃ©on (1994)": ("Léon", 1994, {}),
    "Amélie": ("Amélie", None, {}),
    "Naïve": ("Naïve", None, {}),
    "1917": ("1917", None, {}),
    "Blade Runner 2049": ("Blade Runner 2049", None, {}),
    "Solaris (I)": ("Solaris (I)", None, {}),
    "Mr. Robot": ("Mr. Robot", None, {}),
    "R.I.P.D.": ("R.I.P.D.", None, {}),
    "M*A*S*H": ("M*A*S*H", None, {}),
    "The Human Centipede (First Sequence)": ("The Human Centipede (First Sequence)", None, {}),
    '{"ref": "m/1"}': None,
    "{'a': 1}": None,
    "[]": None,
    'Heat (1995) [tt0113277]': ('Heat', 1995, {'imdb': 'tt0113277'}),
    'Heat - 1995': ('Heat - 1995', None, {}),
    'Heat, 1995': ('Heat, 1995', None, {}),
    'Heat (1995 film)': ('Heat', 1995, {}),
    'Heat (film)': ('Heat (film)', None, {}),
    'Heat (1995 movie)': ('Heat', 1995, {}),
    'Heat.1995.mkv': ('Heat', 1995, {}),
    'Heat (1995) 1080p BluRay': ('Heat', 1995, {}),
    'Heat 1995 1080p': ('Heat', 1995, {}),
    'The Matrix [1999]': ('The Matrix', 1999, {}),
    'the.matrix.1999.remastered.1080p.bluray.x265.hevc.10bit.aac.7.1.commentary-hetz': ('the matrix', 1999, {}),
    '2001.A.Space.Odyssey.1968.1080p': ('2001 A Space Odyssey', 1968, {}),
    '1917.2019.1080p.mkv': ('1917', 2019, {}),
    '1917 (2019)': ('1917', 2019, {}),
    'Blade Runner (Final Cut) (1982)': ('Blade Runner', 1982, {}),
    "Amélie (Le fabuleux destin d'Amélie Poulain) (2001)": ("Amélie (Le fabuleux destin d'Amélie Poulain)", 2001, {}),
    'Léon: The Professional': ('Léon: The Professional', None, {}),
    "It's a Wonderful Life": ("It's a Wonderful Life", None, {}),
    'WALL·E': ('WALL·E', None, {}),
    'Se7en (1995)': ('Se7en', 1995, {}),
    'Kill Bill: Vol. 1 (2003)': ('Kill Bill: Vol. 1', 2003, {}),
    'M (1931)': ('M', 1931, {}),
    '9 (2009)': ('9', 2009, {}),
    '#Alive (2020)': ('#Alive', 2020, {}),
    '(500) Days of Summer': ('(500) Days of Summer', None, {}),
    '...And Justice for All (1979)': ('...And Justice for All', 1979, {}),
    'Heat [1080p] [BluRay] [YTS.MX]': ('Heat', None, {}),
    'Heat (1995) [BluRay] [1080p] [YTS.AM]': ('Heat', 1995, {}),
    'Ð¡Ñ‚Ð°Ð»ÐºÐµÑ€ (1979)': ('Сталкер', 1979, {}),
    'Heat&#39;s On': ("Heat's On", None, {}),
    'Tom &amp; Jerry (2021)': ('Tom & Jerry', 2021, {}),
    'Heat  (1995) ': ('Heat', 1995, {}),
    '\u200bHeat': ('Heat', None, {}),
    'Dr. Strangelove (1964) (Criterion)': ('Dr. Strangelove', 1964, {}),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MONEY.items())
def test_money(text: str, expected: tuple[int, str] | None) -> None:
    assert money.money(text) == expected


@pytest.mark.parametrize(("text", "expected"), DURATIONS.items())
def test_durations(text: str, expected: int | None) -> None:
    assert numbers.minutes(text) == expected


@pytest.mark.parametrize(("text", "expected"), RATINGS.items())
def test_ratings(text: str, expected: tuple[str, str] | None) -> None:
    assert ratings.rating(text) == expected


@pytest.mark.parametrize(("text", "expected"), COUNTS.items())
def test_counts(text: str, expected: int | None) -> None:
    assert numbers.count(text) == expected


@pytest.mark.parametrize(("text", "expected"), DATES.items())
def test_dates(text: str, expected: str | None) -> None:
    day = dates.date(text)
    told = None if day is None else day.date.isoformat() if day.date else str(day.year)
    assert told == expected


@pytest.mark.parametrize(("text", "expected"), YEARS.items())
def test_years(text: str, expected: int | None) -> None:
    assert dates.year_in(text) == expected


@pytest.mark.parametrize(("given", "expected"), IDS.items())
def test_ids(given: tuple[str, str], expected: str | None) -> None:
    assert ids.film_id(*given) == expected


@pytest.mark.parametrize(("text", "expected"), TITLES.items())
def test_titles(text: str, expected: tuple[str, int | None, dict[str, str]] | None) -> None:
    assert titles.title(text) == expected


def test_a_column_tells_what_a_cell_leaves_open() -> None:
    assert dates.decide_order(["11/06/1999", "23/02/1996"]) == "dmy"
    assert dates.decide_order(["11/06/1999", "02/23/1996"]) == "mdy"
    assert dates.decide_order(["23/02/1996", "02/23/1996"]) is dates.decide_order(["11/06/1999"]) is None
    assert dates.date("11/06/1999", "dmy") == (dt.date(1999, 6, 11), 1999, False)
    assert dates.date("11/06/1999", "mdy") == (dt.date(1999, 11, 6), 1999, False)
    assert dates.date("11/06/1999") == (None, 1999, True)
    assert numbers.decide_decimal(["1.234", "2.345.678"]) == ","
    assert numbers.decide_decimal(["1.234", "12.5"]) == "."
    assert numbers.decide_decimal(["1.234", "1,234"]) is numbers.decide_decimal(["12.5", "12,5"]) is None
    assert money.money("12.345", ",") == (12_345, "USD") and money.money("12.345", ".") == (12, "USD")
    assert (
        titles.decide_year(["1995 - Heat", "1999 - The Matrix", "2010 - Inception"], 3) == titles.YEAR_BEFORE
    )
    assert titles.decide_year(["Heat 1995", "The Matrix 1999", "Inception 2010"], 3) == titles.YEAR_BEHIND
    assert titles.decide_year(["Blade Runner 2049", "Movie 1984", "Airport 1975"], 40) is None
    assert titles.title("1995 - Heat", titles.YEAR_BEFORE) == ("Heat", 1995, {})
    assert titles.title("Heat 1995", titles.YEAR_BEHIND) == ("Heat", 1995, {})
