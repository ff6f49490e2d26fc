"use strict";
// Each form of class "filters" hides what does not fit of the list that it names (data-list): what an
// item says, but for labels and links, holds every word of the search box, and its data-NAME is what select NAME
// says.
for (const form of document.querySelectorAll("form.filters")) {
	const items = [...document.getElementById(form.dataset.list).querySelectorAll("[data-item]")];
	const texts = items.map((item) =>
		[...item.querySelectorAll("h2, p, dd > :not(a), th, td")].map((part) => part.textContent).join("\n").toLowerCase());
	const status = document.getElementById(form.dataset.status);
	const count = status.textContent;
	const fits = (item, text) => [...form.elements].every((control) =>
		control.type === "search"
			? control.value.toLowerCase().split(/\s+/).every((word) => text.includes(word))
			: !control.name || !control.value || item.dataset[control.name] === control.value);
	const apply = () => {
		let shown = 0;
		items.forEach((item, i) => {
			item.hidden = !fits(item, texts[i]);
			shown += !item.hidden;
		});
		status.textContent = shown === items.length ? count : shown ? `${shown} of ${count}` : `None of ${count} fits`;
	};
	const showAll = () => {
		form.reset();
		apply();
	};
	form.addEventListener("input", apply);
	form.addEventListener("submit", (event) => event.preventDefault());
	form.querySelector("button").addEventListener("click", showAll);
	// A link to an item that is hidden shows all.
	addEventListener("hashchange", () => {
		const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
		if (!target || !target.hidden || !items.includes(target))
			return;
		showAll();
		target.scrollIntoView();
	});
	form.hidden = false;
	apply(); // a browser may have kept what was typed
}
