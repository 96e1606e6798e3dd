"""The few words a form says by itself, in English and in Spanish."""

from dataclasses import dataclass

MONTHS = {
    "january enero": 1, "february febrero": 2, "march marzo": 3, "april abril": 4, "may mayo": 5, "june junio": 6,
    "july julio": 7, "august agosto": 8, "september septiembre setiembre": 9, "october octubre": 10,
    "november noviembre": 11, "december diciembre": 12,
}  # fmt: skip


@dataclass(frozen=True)
class FormWords:
    """What the fields and their macros say without being told; `{}` takes the figure or word in question."""

    optional: str = "(optional)"
    error: str = "Error:"
    problem: str = "There is a problem"
    choose: str = "Choose one"
    yes: str = "Yes"
    no: str = "No"
    month: str = "Month"
    day: str = "Day"
    year: str = "Year"
    too_long: str = "Shorten this to {} characters or fewer. You used {}."
    not_text: str = "Remove the hidden control characters, for example by typing this instead of pasting it"
    not_email: str = "Enter an e-mail address, like name@example.com"
    not_phone: str = "Enter a phone number with its area code, like 415 555 0132"
    phone_extension: str = "Enter the phone number without an extension"
    not_number: str = "Enter a whole number, like 12"
    too_small: str = "Enter {} or more"
    too_large: str = "Enter {} or less"
    not_money: str = "Enter an amount in dollars, like 1,250 or 1250.50"
    not_zip: str = "Enter a ZIP code with 5 digits, like 94110"
    not_choice: str = "Choose one of the answers shown here"
    missing_month: str = "Add the month, like 3 14 2025"
    missing_day: str = "Add the day, like 3 14 2025"
    missing_year: str = "Add the year, like 3 14 2025"
    not_month: str = "Enter the month as a number from 1 to 12, or as a name like Mar"
    not_day: str = "Enter the day as a number, like 14"
    not_year: str = "Enter the year with four digits, like 2025"
    no_such_day: str = "That month has no such day. Enter a date like 3 14 2025"
    not_time: str = "Enter a time, like 9:30 am"
    morning_or_evening: str = "Say whether the time is am or pm, like 9:30 am"
    too_many_files: str = "Choose {} files or fewer at a time"


ENGLISH = FormWords()
SPANISH = FormWords(
    optional="(opcional)",
    error="Error:",
    problem="Hay un problema",
    choose="Elija una opción",
    yes="Sí",
    no="No",
    month="Mes",
    day="Día",
    year="Año",
    too_long="Escriba {} caracteres o menos. Usó {}.",
    not_text="Quite los caracteres ocultos; por ejemplo, escriba el texto en lugar de pegarlo",
    not_email="Escriba un correo electrónico, como nombre@example.com",
    not_phone="Escriba un teléfono con su código de área, como 415 555 0132",
    phone_extension="Escriba el teléfono sin extensión",
    not_number="Escriba un número entero, como 12",
    too_small="Escriba {} o más",
    too_large="Escriba {} o menos",
    not_money="Escriba una cantidad en dólares, como 1,250 o 1250.50",
    not_zip="Escriba un código postal de 5 dígitos, como 94110",
    not_choice="Elija una de las respuestas que aparecen aquí",
    missing_month="Agregue el mes, como 3 14 2025",
    missing_day="Agregue el día, como 3 14 2025",
    missing_year="Agregue el año, como 3 14 2025",
    not_month="Escriba el mes como un número del 1 al 12, o su nombre, como mar",
    not_day="Escriba el día como un número, como 14",
    not_year="Escriba el año con cuatro cifras, como 2025",
    no_such_day="Ese mes no tiene ese día. Escriba una fecha como 3 14 2025",
    not_time="Escriba una hora, como 9:30 am",
    morning_or_evening="Diga si la hora es am o pm, como 9:30 am",
    too_many_files="Elija {} archivos o menos a la vez",
)
