// Says that there is news as soon as there is. Without this script the page is loaded again by its reader.
"use strict";
document.documentElement.classList.add("script");
const news = document.getElementById("news");
if (news) {
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch("/owner/news", { credentials: "same-origin", cache: "no-store" });
      if (!answer.ok) return;
      if (Number(await answer.text()) > Number(news.dataset.newest)) news.textContent = news.dataset.text;
    } catch {
      // No network now: it is asked again.
    }
  };
  setInterval(look, Number(news.dataset.every));
  document.addEventListener("visibilitychange", look);
}
const summary = document.getElementById("summary");
if (summary) summary.scrollIntoView();
