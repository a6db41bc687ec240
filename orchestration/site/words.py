"""Every word of the pages that is no label of a code list, title of a table or text of a subject page.

Belongs here: headings, buttons, sentences with places for numbers, and what the scripts say. Does not belong here: labels of
codes (code lists), tables and columns (``data/metadata``), subject pages (``pages/*.yml``).
"""

from __future__ import annotations

from orchestration.core.tables import Label


def _label(nb: str, en: str) -> Label:
    return Label(nb=nb, en=en)


TEXTS: dict[str, Label] = {
    # The frame of every page.
    "language": _label("Språk", "Language"),
    "skip": _label("Hopp til innholdet", "Skip to content"),
    "navigation": _label("Hovedmeny", "Main menu"),
    "home": _label("Forsiden", "Front page"),
    "subjects": _label("Temaer", "Subjects"),
    "other_subjects": _label("Flere temaer", "More subjects"),
    "more": _label("Slå opp og last ned", "Look up and download"),
    "explorer": _label("Alle spørsmål", "All questions"),
    "municipality": _label("Kommuner", "Municipalities"),
    "reconciliation": _label("Avstemming", "Reconciliation"),
    "method": _label("Metode", "Method"),
    "download": _label("Last ned", "Download"),
    "gate": _label("Kontroll før publisering", "Checks before publication"),
    "notice": _label("Konstruerte data", "Constructed data"),
    "publisher": _label("Utgiver: {name}", "Publisher: {name}"),
    "contact": _label("Kontakt: {name}", "Contact: {name}"),
    "licence": _label("Lisens: {title}", "Licence: {title}"),
    "no_script": _label(
        "Figurene trenger JavaScript. Tallene står i tabellene.",
        "The figures need JavaScript. The numbers stand in the tables.",
    ),
    # The front page.
    "newest_year": _label("Tall for {year}", "Figures for {year}"),
    "headline": _label(
        "{fte} årsverk i kommunalt psykisk helse- og rusarbeid i {year}",
        "{fte} FTE in municipal mental-health and substance-use work in {year}",
    ),
    "headline_none": _label("Ingen tall for hele landet", "No figures for the whole country"),
    "in_total": _label("Årsverk i alt", "FTE in total"),
    "per_10000": _label("{value} per 10 000 innbyggere", "{value} per 10,000 inhabitants"),
    "change_since": _label("{change} siden {year}", "{change} since {year}"),
    "real_change_since": _label("reell endring {change}", "real change {change}"),
    "no_comparison": _label("Kan ikke sammenlignes med forrige måling", "Not comparable with the measurement before"),
    "response": _label("Svar", "Response"),
    "response_of": _label("{answered} av {expected}", "{answered} of {expected}"),
    "response_units": _label("enheter svarte i {year}", "units answered in {year}"),
    "response_carried": _label("{carried} har tall fra året før", "{carried} have figures of the year before"),
    "whats_new": _label("Hva er nytt", "What is new"),
    "all_changes": _label("Alle endringer fra forrige utgave", "All changes from the snapshot before"),
    "find_municipality": _label("Finn en kommune", "Find a municipality"),
    "find_municipality_lead": _label(
        "Årsverk, tjenester og utdanning i hver kommune, sammenlignet med kommuner av samme størrelse.",
        "FTE, services and education in each municipality, compared with municipalities of the same size.",
    ),
    "explorer_lead": _label(
        "Svarene på hvert spørsmål, over tid og etter område.", "The answers to every question, over time and by area."
    ),
    "reconciliation_lead": _label(
        "Hvor mange av tallene i trykte rapporter som er regnet ut igjen, og hvorfor noen ikke stemmer.",
        "How many of the figures in printed reports were computed again, and why some do not agree.",
    ),
    "method_lead": _label(
        "Hva som telles, brudd i seriene, og hva tegnene betyr.",
        "What is counted, breaks in the series, and what the signs mean.",
    ),
    "download_lead": _label(
        "Alle tabeller i formater for regneark, statistikkverktøy og programmer.",
        "Every table in formats for spreadsheets, statistical tools and programs.",
    ),
    # Figures.
    "share_of_units": _label("Andel av enhetene", "Share of units"),
    "percent": _label("prosent", "percent"),
    "number": _label("antall", "number"),
    "fte_per_10000": _label("årsverk per 10 000 innbyggere", "FTE per 10,000 inhabitants"),
    "measure": _label("Mål", "Measure"),
    "level": _label("Nivå", "Level"),
    "table_of": _label("Tabell: {title}", "Table: {title}"),
    "show_table": _label("Tallene som tabell", "The numbers as a table"),
    "breaks_of": _label("Brudd i serien", "Breaks in the series"),
    "break_hard": _label("ikke sammenlignbart med årene før", "not comparable with the years before"),
    "source": _label("Kilde:", "Source:"),
    "data_behind": _label("Tallene bak:", "The data behind:"),
    "chosen": _label("Tabellen viser", "The table shows"),
    "signs": _label("Tegn:", "Signs:"),
    "no_figures": _label("Det er ingen tall å vise her.", "There are no figures to show here."),
    # All questions.
    "choose_question": _label("Velg spørsmål", "Choose a question"),
    "question": _label("Spørsmål", "Question"),
    "years": _label("År", "Years"),
    "answers_over_time": _label("Svarene over tid", "The answers over time"),
    "answers_in_one_year": _label("Svarene i ett år", "The answers in one year"),
    "one_answer_by_area": _label("Ett svar etter område", "One answer by area"),
    "asked_of": _label("Hvem som telles", "Who is counted"),
    "base": _label("Andel av", "Share of"),
    "comparable_since": _label("Sammenlignbar fra", "Comparable since"),
    "wording": _label("Ordlyd", "Wording"),
    "wording_note": _label("Spørsmålene er stilt på norsk.", "The questions were put in Norwegian."),
    "all_questions": _label("Alle spørsmålene", "All the questions"),
    # Municipalities.
    "choose_municipality": _label("Velg kommune", "Choose a municipality"),
    "type_name": _label("Skriv navn eller nummer", "Type a name or a number"),
    "county": _label("Fylke", "County"),
    "population": _label("Innbyggere", "Inhabitants"),
    "all_municipalities": _label("Alle kommuner", "All municipalities"),
    "municipality_none": _label("Det er ingen kommuner med tall.", "There are no municipalities with figures."),
    "municipality_note": _label(
        "Dagens kommuner. Tall for årene før en sammenslåing er summen av kommunene som ble slått sammen; delte kommuner er "
        "fordelt med vekt og merket som anslått. Årsverk er anslått av kommunen selv.",
        "Municipalities of today. Figures for the years before a merger are the sum of the municipalities "
        "that merged; split "
        "ones are divided by weight and marked as estimated. FTE are estimated by the municipality itself.",
    ),
    # Reconciliation.
    "rebuilt": _label(
        "{rebuilt} av {computable} trykte tall som kan beregnes, er lik trykt tall ({share}).",
        "{rebuilt} of {computable} printed figures that can be computed equal print ({share}).",
    ),
    "by_source": _label("Etter kilde", "By source"),
    "report": _label("Rapport", "Report"),
    "report_of": _label("rapport {year}", "report {year}"),
    "figures": _label("Trykte tall", "Printed figures"),
    "explained": _label("Forklarte avvik", "Explained differences"),
    "explained_lead": _label(
        "Hvert avvik mellom trykt og beregnet tall som ikke er avrunding, med grunnen.",
        "Every difference between print and computation that is not rounding, with its reason.",
    ),
    "not_computable": _label("Hva som ikke kan beregnes", "What cannot be computed"),
    "reason": _label("Grunn", "Reason"),
    "table": _label("Tabell", "Table"),
    "cell": _label("Tall", "Figure"),
    "printed": _label("Trykt", "Printed"),
    "computed": _label("Beregnet", "Computed"),
    "search": _label("Søk i tabellen", "Search the table"),
    "search_none": _label("Ingen rader passer.", "No rows match."),
    "rest_in_csv": _label("Alle avstemte tall:", "All reconciled figures:"),
    "none_explained": _label("Ingen avvik trenger forklaring.", "No difference needs an explanation."),
    "all_sources": _label("Alle kilder", "All sources"),
    # Download.
    "which_format": _label("Hvilket format?", "Which format?"),
    "format": _label("Format", "Format"),
    "opens": _label("Til", "For"),
    "tables": _label("Tabellene", "The tables"),
    "rows": _label("Rader", "Rows"),
    "files": _label("Filer", "Files"),
    "everything": _label("Alt samlet", "Everything together"),
    "county_packages": _label("Regneark for hvert fylke", "A workbook for each county"),
    "county_packages_lead": _label(
        "Kommunenes årsverk over tid, ett regneark for hvert fylke.",
        "FTE of municipalities over time, one workbook a county.",
    ),
    "question_cubes": _label("Spørsmålene som JSON-stat", "The questions as JSON-stat"),
    "about_files": _label("Beskrivelser for programmer", "Descriptions for programs"),
    # Method.
    "what_is_counted": _label("Hva som telles", "What is counted"),
    "how_computed": _label("Hvordan tallene er beregnet", "How the figures are computed"),
    "contents": _label("Innhold", "Contents"),
    "breaks": _label("Brudd i seriene", "Breaks in the series"),
    "breaks_lead": _label(
        "Et brudd betyr at tall før og etter ikke uten videre kan sammenlignes. Linjer i figurene er ikke "
        "trukket over brudd som "
        "gjør tallene usammenlignbare, eller over år uten måling.",
        "A break means that figures before and after cannot be compared as they are. Lines in the figures do "
        "not cross breaks that "
        "make figures incomparable, or years without a measurement.",
    ),
    "breaks_fte": _label("Brudd i årsverk, beløp og svar", "Breaks in FTE, amounts and response"),
    "breaks_questions": _label("Brudd i spørsmålene", "Breaks in the questions"),
    "what": _label("Hva", "What"),
    "kind": _label("Type", "Kind"),
    "comparable": _label("Kan sammenlignes med før", "Comparable with before"),
    "yes": _label("Ja, med forbehold", "Yes, with reservations"),
    "no": _label("Nei", "No"),
    "description": _label("Beskrivelse", "Description"),
    "origin": _label("Kilde", "Source"),
    "statuses": _label("Statuser og tegn", "Statuses and signs"),
    "statuses_lead": _label(
        "Hver rad i tabellene har en status. Der et tall mangler, står et tegn i stedet, og raden sier hvorfor.",
        "Every row of the tables has a status. Where a figure is absent a sign stands instead, and the row says why.",
    ),
    "code": _label("Kode", "Code"),
    "sign": _label("Tegn", "Sign"),
    "meaning": _label("Betydning", "Meaning"),
    "reasons": _label("Hvorfor et tall mangler", "Why a figure is absent"),
    "notes": _label("Merknader til rader", "Notes to rows"),
    "areas": _label("Områder", "Areas"),
    "areas_text": _label(
        "Tallene finnes på to måter: på områdene slik de var det året, og på dagens områder. På dagens områder er "
        "sammenslåtte kommuner summert, og delte kommuner fordelt med vekter etter folketall (status E, "
        "anslått). Finnes ingen "
        "vekt, er de nye områdene tomme. Lange serier for områder på disse sidene bruker dagens områder.",
        "The figures exist in two ways: on the areas as they were in the year, and on today's areas. On "
        "today's areas merged "
        "municipalities are added, and split ones divided by weights of population (status E, estimated). Without a weight "
        "the new areas are empty. Long series of areas on these pages use today's areas.",
    ),
    "carried": _label("Kommuner som ikke svarte", "Municipalities that did not answer"),
    "carried_text": _label(
        "En kommune som ikke svarte, mangler i summene. I noen år er tallet fra året før videreført i stedet; da har raden "
        "status I, og andelen videreførte årsverk står ved siden av. I figurene er slike år merket med et åpent tegn.",
        "A municipality that did not answer is missing in the sums. In some years the figure of the year before was carried "
        "forward instead; the row then has status I, with the share of FTE that was carried forward beside it. In the "
        "figures such years have an open mark.",
    ),
    "disclosure": _label("Konfidensialitet", "Confidentiality"),
    "disclosure_text": _label(
        "Om enkeltkommuner publiseres bare årsverk etter tjeneste, utdanning og hovedforløp. Svar på andre spørsmål "
        "publiseres bare for grupper av enheter. Grupper med få svar, og grupper som kunne brukt til å regne dem ut, er "
        "konfidensielle og vises som kolon.",
        "Of single municipalities only FTE by service, education and pathway are published. Answers to other questions are "
        "published only for groups of units. Groups with few answers, and groups that could be used to work them out, are "
        "confidential and shown as a colon.",
    ),
    "provenance": _label("Hvor tallene kommer fra", "Where the figures come from"),
    "provenance_lead": _label(
        "Leveransene som tallene er beregnet av.",
        "The deliveries from which the figures are computed.",
    ),
    "delivery": _label("Leveranse", "Delivery"),
    "survey": _label("Undersøkelse", "Survey"),
    "collected": _label("Samlet inn", "Collected"),
    "constructed": _label("Konstruert", "Constructed"),
    "is_yes": _label("ja", "yes"),
    "is_no": _label("nei", "no"),
    "crosswalk": _label("Kategorier før og etter", "Categories before and after"),
    "crosswalk_lead": _label(
        "Hvilke kategorier som svarer til hverandre når skjemaet er endret.",
        "Which categories correspond to each other when the form changed.",
    ),
    "before": _label("Før", "Before"),
    "after": _label("Etter", "After"),
    "verdict": _label("Dom", "Verdict"),
}

# What each format is for.
FORMATS: dict[str, Label] = {
    "xlsx": _label(
        "Excel, LibreOffice og andre regneark: alle tabeller unntatt kommunetall i én fil.",
        "Excel, LibreOffice and other spreadsheets: every table except municipal figures in one file.",
    ),
    "csv": _label(
        "Alt som leser tekst: regneark, R, Python, Stata, SAS.",
        "Whatever reads text: spreadsheets, R, Python, Stata, SAS.",
    ),
    "parquet": _label("R, Python, DuckDB, Spark: små filer med typer.", "R, Python, DuckDB, Spark: small files with types."),
    "px": _label("PxWin, PxWeb og R-pakken pxR.", "PxWin, PxWeb and the R package pxR."),
    "jsonstat": _label(
        "JSON-stat 2.0: nettsider, R-pakken rjstat, Pythons pyjstat.",
        "JSON-stat 2.0: web pages, R's rjstat, Python's pyjstat.",
    ),
    "duckdb": _label("Én database med alle tabeller, for SQL.", "One database with every table, for SQL."),
}

# What the scripts say; they get these words in a file of their own.
SCRIPT: dict[str, Label] = {
    "chart": _label("Figur. Bruk piltastene for å lese verdier.", "Chart. Use the arrow keys to read values."),
    "from_to": _label("{name}: {first} i {from}, {last} i {to}.", "{name}: {first} in {from}, {last} in {to}."),
    "only": _label("{name}: {last} i {to}.", "{name}: {last} in {to}."),
    "highest": _label("Høyest: {first} ({a}). Lavest: {last} ({b}).", "Highest: {first} ({a}). Lowest: {last} ({b})."),
    "carried": _label("inneholder tall fra året før", "contains figures of the year before"),
    "estimated": _label("anslått", "estimated"),
    "uncertain": _label("lite pålitelig eller foreløpig", "low reliability or provisional"),
    "break_hard": _label("brudd: ikke sammenlignbart", "break: not comparable"),
    "break_soft": _label("brudd: sammenlignbart med forbehold", "break: comparable with reservations"),
    "break": _label("Brudd {year}", "Break {year}"),
    "signs": _label("Tegn", "Signs"),
    "of": _label("{n} av {whole} enheter", "{n} of {whole} units"),
    "no_data": _label("Ingen tall for dette valget.", "No figures for this choice."),
    "measure": _label("Mål", "Measure"),
    "country": _label("Hele landet", "Whole country"),
    "interval": _label("fra {low} til {high}", "from {low} to {high}"),
    "panel_own": _label("Hver rute har sin egen skala.", "Each panel has its own scale."),
    "panel_alike": _label("Alle ruter har samme skala.", "All panels share one scale."),
    "panel_shared": _label(
        "Alle ruter har samme skala. Grå linje: hele landet.",
        "All panels share one scale. Grey line: whole country.",
    ),
    "no_match": _label("Ingen treff", "No match"),
    "loading": _label("Henter tall …", "Loading figures …"),
    "load_failed": _label("Tallene kunne ikke hentes.", "The figures could not be loaded."),
    "neighbours": _label(
        "Sammenlignet med de {count} kommunene som er nærmest i folketall",
        "Compared with the {count} municipalities nearest in population",
    ),
    "neighbours_lead": _label("Årsverk per 10 000 innbyggere i {year}.", "FTE per 10,000 inhabitants in {year}."),
    "rate_time": _label("Årsverk per 10 000 innbyggere over tid", "FTE per 10,000 inhabitants over time"),
    "by_service": _label("Årsverk etter tjeneste", "FTE by service"),
    "by_education": _label("Årsverk etter utdanning", "FTE by education"),
    "by_pathway": _label("Årsverk etter hovedforløp", "FTE by pathway"),
    "reported": _label("Slik kommunene rapporterte", "As the municipalities reported"),
    "reported_lead": _label(
        "Årsverk i alt hos kommunen og kommunene den er dannet av, på områdene det året.",
        "FTE in total of the municipality and of those that it was formed from, on the areas of the year.",
    ),
    "until": _label("til {year}", "until {year}"),
    "part": _label("delt", "split"),
    "year": _label("År", "Year"),
    "name": _label("Område", "Area"),
    "total": _label("Årsverk i alt", "FTE in total"),
    "adults_children": _label("{adults} voksne, {children} barn og unge", "{adults} adults, {children} children and youth"),
    "inhabitants": _label("innbyggere", "inhabitants"),
    "rate": _label("per 10 000 innbyggere", "per 10,000 inhabitants"),
    "country_rate": _label("landet {country}, fylket {county}", "country {country}, county {county}"),
    "whole": _label("Hele kommunen", "The whole municipality"),
    "part_of": _label("Område i kommunen", "Part of the municipality"),
    "show_table": _label("Tallene som tabell", "The numbers as a table"),
    "breaks_of": _label("Brudd i serien", "Breaks in the series"),
    "answers_over_time": _label("Svarene over tid", "The answers over time"),
    "answers_in_one_year": _label("Svarene i ett år", "The answers in one year"),
    "one_answer_by_area": _label("Ett svar etter område", "One answer by area"),
    "fte": _label("årsverk", "FTE"),
    "percent": _label("prosent", "percent"),
    "data_behind": _label("Tallene bak:", "The data behind:"),
    "share_of_units": _label("Andel av enhetene", "Share of units"),
    "fte_per_10000": _label("årsverk per 10 000 innbyggere", "FTE per 10,000 inhabitants"),
}
