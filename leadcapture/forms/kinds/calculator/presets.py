"""Ready templates: realistic beginnings that an owner changes the prices of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leadcapture.forms.kind import Preset
from leadcapture.i18n import lazy_gettext

Said = tuple[str, str]  # in English, in Arabic
Row = dict[str, Any]

CM, METRE, SQUARE_METRES = ("cm", "سم"), ("m", "م"), ("m²", "م²")


def _texts(said: Said | None) -> dict[str, str]:
    return dict(zip(("en", "ar"), said, strict=True)) if said else {}


def _number(
    name: str, label: Said, unit: Said | None, low: str, high: str, step: str, default: str = "", **more: Any
) -> Row:
    limits = {"min": low, "max": high, "step": step, "default": default}
    return {"type": "number", "name": name, "label": _texts(label), "unit": _texts(unit), **limits, **more}


def _slider(*args: Any) -> Row:
    return {**_number(*args), "type": "slider"}


def _choice(name: str, label: Said, lines: Sequence[tuple[str, str]], default: str = "", type_: str = "select") -> Row:
    """`lines`: what a choice is called in formulas and in English with its price ("Oak = 120"), and in Arabic."""
    english = "\n".join(line.rpartition(" = ")[0] or line for line, _arabic in lines)
    arabic = "\n".join(arabic for _line, arabic in lines)
    choices = "\n".join(line for line, _arabic in lines)
    shown = _texts((english, arabic))
    row = {"type": type_, "name": name, "label": _texts(label), "default": default}
    return {**row, "choices": choices, "choice_words": shown}


def _box(name: str, label: Said, price: str = "") -> Row:
    return {"type": "checkbox", "name": name, "label": _texts(label), "price": price}


def _result(name: str, label: Said | None, formula: str, show: str = "money", **more: Any) -> Row:
    return {"name": name, "label": _texts(label), "formula": formula, "show": show, **more}


def _preset(
    title: Any,
    about: Any,
    said: Mapping[str, Mapping[str, str]],
    inputs: Sequence[Row],
    results: Sequence[Row],
    tables: Sequence[tuple[str, str]] = (),
) -> Preset:
    named: dict[str, list[Row]] = {
        "inputs": list(inputs),
        "tables": [{"name": name, "lines": lines} for name, lines in tables],
        "results": list(results),
    }
    # A row's mark need only differ from those of its list.
    rows = {key: [{"id": f"{key[0]}{at:07d}", **row} for at, row in enumerate(list_)] for key, list_ in named.items()}
    return Preset(
        title, about, {"texts": {code: dict(words) for code, words in said.items()}, "currency": "EUR", **rows}
    )


KITCHEN = _preset(
    lazy_gettext("Kitchen"),
    lazy_gettext("Units by the metre, fronts, worktop, appliances and fitting."),
    {
        "en": {"title": "What will your new kitchen cost?", "intro": "Nine questions, and you see the price at once."},
        "ar": {"title": "كم تكلّف مطبخك الجديد؟", "intro": "تسعة أسئلة وترى السعر فورًا."},
    },
    [
        _slider("length", ("Length of the units", "طول الخزائن"), METRE, "1.5", "10", "0.1", "3.6"),
        _choice(
            "fronts",
            ("Fronts", "الواجهات"),
            [
                ("Laminate = 420", "خشب مغطى بالميلامين"),
                ("Lacquer = 610", "خشب مطلي باللاكيه"),
                ("Solid oak = 780", "خشب بلوط طبيعي"),
            ],
            "Laminate",
            "radio",
        ),
        _choice(
            "worktop",
            ("Worktop", "سطح العمل"),
            [
                ("Laminate = 65", "ميلامين"),
                ("Solid wood = 140", "خشب طبيعي"),
                ("Granite = 290", "غرانيت"),
                ("Quartz = 340", "كوارتز"),
            ],
            "Laminate",
        ),
        _number("wall", ("Length of the wall units", "طول الخزائن العلوية"), METRE, "0", "10", "0.1", "2.4"),
        _number("drawers", ("Additional drawers", "أدراج إضافية"), None, "0", "20", "1", "3"),
        _box(
            "appliances",
            ("Appliances: oven, hob, hood, fridge, dishwasher", "الأجهزة: فرن وموقد وشفاط وثلاجة وغسالة صحون"),
            "2890",
        ),
        _box("island", ("Kitchen island, 180 × 90 cm", "جزيرة مطبخ 180 × 90 سم"), "1650"),
        _box("removal", ("Take the old kitchen away", "إزالة المطبخ القديم"), "380"),
        _number("distance", ("Distance to you", "المسافة إليكم"), ("km", "كم"), "0", "300", "1", "20"),
    ],
    [
        _result("base", ("Base units with fronts", "الخزائن السفلية مع الواجهات"), "length * fronts"),
        _result("above", ("Wall units with fronts", "الخزائن العلوية مع الواجهات"), "wall * fronts * 0.6"),
        _result("top", ("Worktop, cut to size", "سطح العمل مقصوصًا"), "length * worktop + if(island, 1.8 * worktop, 0)"),
        _result(
            "extras", ("Drawers, appliances, island", "الأدراج والأجهزة والجزيرة"), "drawers * 95 + appliances + island"
        ),
        _result(
            "fitting",
            ("Fitting, delivery, removal", "التركيب والتوصيل والإزالة"),
            "max(350, 0.12 * (base + above + top)) + lookup(delivery, distance) + removal",
        ),
        _result(
            "total", ("Your kitchen, with VAT", "مطبخك مع الضريبة"), "base + above + top + extras + fitting", main=True
        ),
    ],
    [("delivery", "0 = 0\n30 = 90\n80 = 190\n150 = 340")],
)

ROOM = _preset(
    lazy_gettext("Room decoration"),
    lazy_gettext("Walls and ceiling by area, doors and windows taken off, paint or wallpaper."),
    {
        "en": {"title": "What does decorating your room cost?", "intro": "Measure once, and see the price at once."},
        "ar": {"title": "كم تكلّف دهان غرفتك؟", "intro": "قس مرة واحدة وترى السعر فورًا."},
    },
    [
        _number("length", ("Length of the room", "طول الغرفة"), METRE, "1", "20", "0.05", "4.5"),
        _number("width", ("Width of the room", "عرض الغرفة"), METRE, "1", "20", "0.05", "3.8"),
        _number("height", ("Height of the room", "ارتفاع الغرفة"), METRE, "2", "6", "0.05", "2.5"),
        _number("openings", ("Doors and windows", "الأبواب والنوافذ"), None, "0", "15", "1", "2"),
        _choice(
            "finish",
            ("Walls", "الجدران"),
            [
                ("White paint = 7.50", "دهان أبيض"),
                ("Coloured paint = 9.80", "دهان ملوّن"),
                ("Wallpaper = 18.40", "ورق جدران"),
                ("Fine plaster = 32", "جص ناعم"),
            ],
            "White paint",
        ),
        _choice(
            "state",
            ("State of the walls", "حالة الجدران"),
            [
                ("Good = 0", "جيدة"),
                ("Small cracks = 3.20", "شقوق صغيرة"),
                ("Old wallpaper to strip = 5.60", "ورق قديم يُزال"),
            ],
            "Good",
            "radio",
        ),
        _box("ceiling", ("The ceiling too", "السقف أيضًا")),
        _box("furnished", ("Furniture to move and cover", "أثاث يُنقل ويُغطّى"), "120"),
    ],
    [
        _result(
            "walls",
            ("Area of the walls", "مساحة الجدران"),
            "max(0, 2 * (length + width) * height - openings * 1.8)",
            "number",
            places=1,
            unit=_texts(SQUARE_METRES),
        ),
        _result("preparing", ("Preparing the walls", "تجهيز الجدران"), "walls * state"),
        _result("covering", ("Covering the walls", "تكسية الجدران"), "walls * finish"),
        _result("above", ("Ceiling", "السقف"), "if(ceiling, length * width * 8.20, 0)"),
        _result("moving", ("Furniture", "الأثاث"), "furnished"),
        _result(
            "total",
            ("Your room, with VAT", "غرفتك مع الضريبة"),
            "max(290, preparing + covering + above + moving)",
            main=True,
        ),
    ],
)

WINDOW = _preset(
    lazy_gettext("Window"),
    lazy_gettext("By width and height, with frame, glass and opening; cheaper by the number."),
    {
        "en": {
            "title": "What does your window cost?",
            "intro": "Enter the size and choose; the price is there at once.",
        },
        "ar": {"title": "كم تكلّف نافذتك؟", "intro": "أدخل المقاس واختر، والسعر أمامك فورًا."},
    },
    [
        _number("width", ("Width", "العرض"), CM, "40", "300", "1", "120"),
        _number("height", ("Height", "الارتفاع"), CM, "40", "260", "1", "140"),
        _choice(
            "frame",
            ("Frame", "الإطار"),
            [
                ("PVC = 48", "بلاستيك"),
                ("Wood = 82", "خشب"),
                ("Wood and aluminium = 108", "خشب وألمنيوم"),
                ("Aluminium = 115", "ألمنيوم"),
            ],
            "PVC",
        ),
        _choice(
            "glass",
            ("Glass", "الزجاج"),
            [("Double = 62", "مزدوج"), ("Triple = 94", "ثلاثي"), ("Triple, sound-proof = 138", "ثلاثي عازل للصوت")],
            "Triple",
            "radio",
        ),
        _choice(
            "opening",
            ("How it opens", "طريقة الفتح"),
            [("Fixed = 0", "ثابتة"), ("Tilt and turn = 74", "فتح وإمالة"), ("Sliding = 190", "انزلاق")],
            "Tilt and turn",
        ),
        _box("shutter", ("Roller shutter", "مصراع دوّار")),
        _box("fitting", ("Take out the old one and fit the new", "إزالة القديمة وتركيب الجديدة")),
        _number("pieces", ("How many of them", "العدد"), None, "1", "50", "1", "1"),
    ],
    [
        _result("area", None, "width * height / 10000", "hidden"),
        _result("border", None, "2 * (width + height) / 100", "hidden"),
        _result("window", ("One window", "نافذة واحدة"), "frame * border + glass * max(area, 0.5) + opening"),
        _result("shade", ("Its shutter", "مصراعها"), "if(shutter, 85 + 120 * area, 0)"),
        _result("work", ("Fitting it", "تركيبها"), "if(fitting, 95 + 18 * border, 0)"),
        _result(
            "discount",
            ("Discount", "الخصم"),
            "-pieces * (window + shade) * lookup(reduction, pieces) / 100",
        ),
        _result(
            "total",
            ("All windows, with VAT", "كل النوافذ مع الضريبة"),
            "pieces * (window + shade + work) + discount",
            main=True,
        ),
    ],
    [("reduction", "1 = 0\n3 = 4\n6 = 7\n10 = 10")],
)

DOOR = _preset(
    lazy_gettext("Interior door"),
    lazy_gettext("Leaf, frame by the thickness of the wall, glass, lock and fitting."),
    {
        "en": {"title": "What do your interior doors cost?", "intro": "Choose a door and see the price at once."},
        "ar": {"title": "كم تكلّف أبوابك الداخلية؟", "intro": "اختر بابًا وترى السعر فورًا."},
    },
    [
        _choice(
            "width",
            ("Width of the door", "عرض الباب"),
            [("61 cm = 0", "61 سم"), ("73.5 cm = 0", "73.5 سم"), ("86 cm = 0", "86 سم"), ("98.5 cm = 35", "98.5 سم")],
            "86 cm",
        ),
        _choice(
            "surface",
            ("Surface", "السطح"),
            [
                ("White laminate = 139", "ميلامين أبيض"),
                ("White lacquer = 219", "لاكيه أبيض"),
                ("Oak veneer = 289", "قشرة بلوط"),
                ("Walnut veneer = 329", "قشرة جوز"),
            ],
            "White laminate",
        ),
        _number("wall", ("Thickness of the wall", "سماكة الجدار"), ("mm", "مم"), "60", "400", "1", "140"),
        _choice(
            "glass",
            ("Glass in the door", "زجاج في الباب"),
            [("None = 0", "بدون"), ("Narrow strip = 95", "شريط ضيّق"), ("Large pane = 160", "لوح كبير")],
            "None",
            "radio",
        ),
        _choice(
            "lock",
            ("Lock", "القفل"),
            [("Key = 0", "مفتاح"), ("Bathroom = 12", "حمّام"), ("Cylinder = 28", "أسطوانة"), ("None = -6", "بدون")],
            "Key",
        ),
        _box("fitting", ("Fit the doors", "تركيب الأبواب")),
        _number("doors", ("How many doors", "عدد الأبواب"), None, "1", "40", "1", "3"),
    ],
    [
        _result("leaf", ("One leaf with lock", "مصراع واحد مع القفل"), "surface + width + glass + lock"),
        _result("frame", ("Its frame", "إطاره"), "lookup(frames, wall) + if(surface > 200, 40, 0)"),
        _result("goods", ("All doors and frames", "كل الأبواب والإطارات"), "doors * (leaf + frame)"),
        _result("work", ("Fitting", "التركيب"), "if(fitting, 60 + doors * 85, 0)"),
        _result("total", ("Total, with VAT", "المجموع مع الضريبة"), "goods + work", main=True),
    ],
    [("frames", "60 = 98\n126 = 109\n166 = 128\n206 = 149\n271 = 189\n331 = 229")],
)

FLUE = _preset(
    lazy_gettext("Chimney flue"),
    lazy_gettext("Lining a chimney or a new steel one, by height and diameter, with scaffold and approval."),
    {
        "en": {"title": "What does your chimney flue cost?", "intro": "Height and stove are enough for a price."},
        "ar": {"title": "كم تكلّف مدخنتك؟", "intro": "يكفي الارتفاع ونوع الموقد لمعرفة السعر."},
    },
    [
        _choice(
            "system",
            ("What is built", "ما الذي يُبنى"),
            [
                ("Line the old chimney", "تبطين المدخنة القديمة"),
                ("New steel flue outside", "مدخنة فولاذية خارجية جديدة"),
            ],
            "Line the old chimney",
            "radio",
        ),
        _number(
            "height", ("Height from the stove to the top", "الارتفاع من الموقد إلى القمة"), METRE, "2", "25", "0.5", "8"
        ),
        _choice(
            "diameter",
            ("Diameter", "القطر"),
            [("130 mm", "130 مم"), ("150 mm", "150 مم"), ("180 mm", "180 مم"), ("200 mm", "200 مم")],
            "150 mm",
        ),
        _number("bends", ("Bends", "الانحناءات"), None, "0", "6", "1", "0"),
        _choice(
            "fuel",
            ("Heated with", "وقود التدفئة"),
            [("Wood", "حطب"), ("Pellets", "حبيبات خشب"), ("Gas or oil", "غاز أو زيت")],
            "Wood",
        ),
        _box("door", ("Cleaning door", "باب تنظيف"), "85"),
        _box("scaffold", ("Scaffold needed", "نحتاج إلى سقالة")),
        _box("approval", ("Acceptance by the chimney sweep", "فحص واعتماد منظّف المداخن"), "145"),
    ],
    [
        _result("metre", None, 'lookup(pipe, diameter) * if(system = "New steel flue outside", 1.85, 1)', "hidden"),
        _result("thicker", None, 'if(fuel = "Wood", 1.15, 1)', "hidden"),
        _result("pipe_work", ("Pipes", "الأنابيب"), "height * metre * thicker"),
        _result("parts", ("Bends, base, cover", "الانحناءات والقاعدة والغطاء"), "bends * 64 + 180 + door"),
        _result("work", ("Fitting", "التركيب"), "roundup(height / 4) * 260 + bends * 45"),
        _result("above", ("Scaffold", "السقالة"), "if(scaffold, 320 + max(0, height - 6) * 55, 0)"),
        _result(
            "total",
            ("Your flue, with VAT", "مدخنتك مع الضريبة"),
            "pipe_work + parts + work + above + approval",
            main=True,
        ),
    ],
    [("pipe", "130 mm = 74\n150 mm = 82\n180 mm = 97\n200 mm = 112")],
)

PRESETS: Mapping[str, Preset] = {"kitchen": KITCHEN, "room": ROOM, "window": WINDOW, "door": DOOR, "flue": FLUE}
