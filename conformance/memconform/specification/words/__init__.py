"""What stands on the pages, as words for their templates; a module for each kind of page."""
