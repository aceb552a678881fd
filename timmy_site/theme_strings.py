"""Texts of the admin's theme, which ships no translations: listed so that our own catalogues hold them."""

from django.utils.translation import gettext_noop as _

TEXTS = (
    _("Select record"),
    _("Select action"),
    _("From"),
    _("To"),
    _("Date from"),
    _("Date to"),
    _("Not enough data."),
    _("Add new item"),
    _("Select action to run"),
    _(
        "Raw passwords are not stored, so there is no way to see this user’s password, but you can change the "
        'password using <a href="{}" class="text-primary-600 dark:text-primary-500">this form</a>.'
    ),
    _("Select value"),
    _("Run"),
    _("After you've created a user, you’ll be able to edit more user options."),
    _("Filters"),
    _("Expand row"),
    _("Welcome back to"),
    _("Forgotten your password or username?"),
    _("Type to search"),
    _("You have been successfully logged out from the administration"),
    _("No data"),
    _("More actions"),
    _("All applications"),
    _("True"),
    _("False"),
    _("Apply Filters"),
    _("Select all rows"),
    _("Recent searches"),
    _("No recent searches"),
    _("No results matching your query"),
    _("Loading more results..."),
    _("Cancel"),
    _("Submit"),
    _("Record picture"),
    _("This item will be deleted."),
    _("Click to cancel"),
    _("No results found"),
    _("This page yielded into no results. Create a new item or reset your filters."),
    _("Reset filters"),
    _("Click to download"),
    _("Go back"),
    _("Previous"),
    _("Next"),
    _("Search apps and models..."),
    _("General"),
    _("Light"),
    _("Dark"),
    _("System"),
    _("Return to site"),
    _("Choose file to upload"),
    _("Toggle password visibility"),
    _("Add row"),
    _("Date"),
)

# Django's own sentences begin with an article that fits men only ("O empresa foi alterado"): ours have none.
DJANGO = (
    _("The {name} “{obj}” was added successfully."),
    _("The {name} “{obj}” was changed successfully."),
    _("The {name} “{obj}” was changed successfully. You may edit it again below."),
    _("The {name} “{obj}” was added successfully. You may add another {name} below."),
    _("The {name} “{obj}” was changed successfully. You may add another {name} below."),
    _("The %(name)s “%(obj)s” was deleted successfully."),
)

# Said inside f-strings of ours, where xgettext does not look.
HIDDEN = (_("warning"),)
