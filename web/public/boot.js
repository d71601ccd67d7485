// Runs before the first paint, and before the app has been read: sets the theme, so that nothing
// flashes, and asks for a session if this browser had one, so that the answer is there when the app is.
// A file of its own, since the page's policy lets no script stand in the page.
(() => {
  var chosen = null;
  var signedIn = null;
  try {
    chosen = localStorage.getItem("novacore.theme");
    signedIn = localStorage.getItem("novacore.signed-in");
  } catch (_) {
    // Storage is shut: the system's theme, and no session that outlives the page.
  }
  var dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  // What the usage page shows first, asked for while its code is still being read.
  function ask(token) {
    if (location.pathname !== "/usage" && location.pathname !== "/") return;
    var days = new URLSearchParams(location.search).get("days");
    var range = `?days=${days === "7" || days === "90" ? days : "30"}`;
    var early = {};
    ["/api/usage/limits", `/api/usage/history${range}`, `/api/usage/stats${range}`].forEach((path) => {
      early[path] = fetch(path, { headers: { authorization: `Bearer ${token}` } }).catch(() => null);
    });
    window.novacoreEarly = early;
  }
  if (signedIn) {
    window.novacoreRefreshed = fetch("/api/auth/refresh", {
      method: "POST",
      headers: { "NovaCore-Session": "cookie" },
      credentials: "same-origin",
    })
      .then((answer) =>
        answer.json().then((body) => {
          if (answer.status === 200) ask(body.accessToken);
          return { status: answer.status, body: body };
        }),
      )
      .catch(() => ({ status: 0, body: null }));
  }
})();
