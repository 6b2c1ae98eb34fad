// Read by Video.js while it loads, so this is imported before it: no <style> elements, which a page's policy would refuse.
window.VIDEOJS_NO_DYNAMIC_STYLE = true;
window.HELP_IMPROVE_VIDEOJS = false;
