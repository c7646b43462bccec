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
  } else if (!time.dataset.date) {
    time.textContent = local;
  } else {
    time.textContent = time.textContent.replace(time.dataset.date, function () { return local; });
  }
});
/* The password in clear, as long as the box is ticked; never when the form is sent. */
(function () {
  var row = document.getElementById("show"), box = document.getElementById("show-password"), field = document.getElementById("password");
  if (!row || !field) {
    return;
  }
  row.hidden = false;
  box.addEventListener("change", function () { field.type = box.checked ? "text" : "password"; });
  field.form.addEventListener("submit", function () { field.type = "password"; });
}());
/* The seconds to wait, counted down. */
(function () {
  var text = document.getElementById("wait"), before = text && text.textContent, end, timer;
  if (!text) {
    return;
  }
  end = Date.now() + text.dataset.wait * 1000;
  timer = setInterval(function () {
    var left = Math.ceil((end - Date.now()) / 1000);
    text.textContent = left > 0 ? before.replace(text.dataset.wait, left) : text.dataset.over;
    if (left <= 0) {
      clearInterval(timer);
    }
  }, 1000);
}());
