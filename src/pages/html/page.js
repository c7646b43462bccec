/* SPDX-License-Identifier: Apache-2.0 */
/* Optional (ManagedSessionScript): each page is complete without it. */
"use strict";
/* Times in the browser's own zone, in the language of the page. */
document.querySelectorAll("time[data-date]").forEach(function (time) {
  var date = new Date(time.dateTime), format, local;
  if (isNaN(date)) {
    return;
  }
  format = new Intl.DateTimeFormat(document.documentElement.lang, {
    year: "numeric", month: "long", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short"
  });
  local = format.format(date);
  if (time.title) {
    time.title = local;
  } else {
    time.textContent = time.textContent.replace(time.dataset.date, function () { return local; });
  }
});
