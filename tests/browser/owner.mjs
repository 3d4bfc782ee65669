// The owner of a claim opens the page by the tracking code, switches the language, sends nothing once, then a photo for two
// insurers. Arguments: the page, the code, the program, a folder for pictures, a photo. Prints what was seen.
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import puppeteer from "puppeteer-core";

const [address, code, program, folder, photo] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const seen = { hosts: [], errors: [], violations: [], pictures: {}, statuses: {}, weight: 0 };
const browser = await puppeteer.launch({ executablePath: program, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const page = await browser.newPage();
page.on("request", (request) => {
  const url = new URL(request.url());
  if (url.protocol !== "data:" && !seen.hosts.includes(url.host)) seen.hosts.push(url.host);
});
// A page with something wrong comes with status 404 or 422, which a browser writes down as a failure to load.
page.on("console", (message) => {
  if (message.type() === "error" && !/40[34]|422/.test(message.text())) seen.errors.push(message.text());
});
page.on("requestfailed", (request) => seen.errors.push(`${request.url()}: ${request.failure().errorText}`));
page.on("pageerror", (error) => seen.errors.push(String(error)));

async function look(name) {
  for (const width of [390, 1280]) {
    await page.setViewport({ width, height: 900 });
    const path = `${folder}/${name}-${width}.png`;
    await page.screenshot({ path, fullPage: true });
    seen.pictures[`${name}-${width}`] = statSync(path).size;
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) seen.errors.push(`${name} is ${wide} pixels too wide at ${width}`);
  }
  await page.setViewport({ width: 390, height: 900 });
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] }));
  seen.violations.push(...found.violations.map((one) => `${name}: ${one.id}: ${one.nodes[0].html}`));
  const bare = await page.$$eval("input:not([type=hidden]), select, textarea", (all) => all.filter((one) => one.labels.length === 0).length);
  if (bare > 0) seen.errors.push(`${name}: ${bare} fields without a label`);
}

async function press(selector, name) {
  const [answer] = await Promise.all([page.waitForNavigation(), page.click(selector)]);
  seen.statuses[name] = answer.status();
}

await page.goto(address);
await look("code");
await page.type("#code", "00000-00000-00000-00000-00000");
await press("button[type=submit]", "unknown");
await page.type("#code", code);
await press("button[type=submit]", "open");
await look("claim");

// How much is loaded, and how long it takes, with nothing kept from before.
await page.setCacheEnabled(false);
const client = await page.createCDPSession();
await client.send("Network.enable");
client.on("Network.loadingFinished", (event) => { seen.weight += event.encodedDataLength; });
await page.goto(address, { waitUntil: "networkidle0" });
seen.load = await page.evaluate(() => performance.getEntriesByType("navigation")[0].duration);
await client.detach();
seen.news = await page.$eval("#news", (one) => one.textContent);

await press("button[value=language-en]", "language");
seen.language = await page.$eval("html", (html) => html.lang);
await press("#hand-in button", "wrong");
await look("wrong");
// Made in the browser: what may be read of the disk differs between installations of it.
const bytes = [...readFileSync(photo)];
for (const field of await page.$$("input[type=file]")) {
  await field.evaluate((input, bytes) => {
    const chosen = new DataTransfer();
    chosen.items.add(new File([new Uint8Array(bytes)], "photo.jpg", { type: "image/jpeg" }));
    input.files = chosen.files;
  }, bytes);
}
await look("chosen");
await press("#hand-in button", "sent");
seen.notice = await page.$eval("#notice", (one) => one.textContent.includes("received"));
await look("sent");
// By keys alone: the first stop passes over the header.
await page.keyboard.press("Tab");
const first = await page.evaluate(() => document.activeElement.getAttribute("href"));
if (first !== "#main") seen.errors.push(`the first stop is ${first}`);
await browser.close();
console.log(JSON.stringify(seen));
