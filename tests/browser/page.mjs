// A patient applies on the page: opens the link, fills it in with a fault, corrects it, looks it over, draws a signature,
// sends, sees who received what. Arguments: the link, a folder for pictures, the program. Prints what was seen.
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import puppeteer from "puppeteer-core";

const [link, folder, program] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const seen = { hosts: [], errors: [], violations: [], pictures: {}, statuses: {} };
const browser = await puppeteer.launch({ executablePath: program, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const page = await browser.newPage();
page.on("request", (request) => {
  const url = new URL(request.url());
  if (url.protocol !== "data:" && !seen.hosts.includes(url.host)) seen.hosts.push(url.host);
});
// A page with something wrong comes with status 422, which a browser writes down as a failure to load.
page.on("console", (message) => {
  if (message.type() === "error" && !message.text().includes("422")) seen.errors.push(message.text());
});
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
  const found = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }));
  seen.violations.push(...found.violations.map((one) => `${name}: ${one.id}: ${one.nodes[0].html}`));
  const bare = await page.$$eval("input:not([type=hidden]), select, textarea", (all) => all.filter((one) => one.labels.length === 0).length);
  if (bare > 0) seen.errors.push(`${name}: ${bare} fields without a label`);
}

async function press(selector, name) {
  const [answer] = await Promise.all([page.waitForNavigation(), page.click(selector)]);
  seen.statuses[name] = answer.status();
}

async function type(name, text) {
  await page.$eval(`#${name}`, (field, text) => { field.value = text; }, text);
}

await page.goto(link);
await look("link");
await press("button[type=submit]", "begin");
await look("fill");

// Something is wrong first: nobody is chosen, the account is none.
await type("insured-name", "王小明");
await type("insured-birth", "1990-04-22");
await type("insured-number", "A123456789");
await type("bank", "82");
await type("account", "123456789012");
await type("holder", "王小明");
await press("button[value=language-en]", "language");
seen.language = await page.$eval("html", (html) => html.lang);
await press(".steps button[value=review]", "wrong");
seen.kept = await page.$eval("#holder", (field) => field.value);
seen.faults = await page.$$eval(".fault", (all) => all.map((one) => one.id));
await look("wrong");

await type("bank", "822");
for (const name of await page.$$eval("input[name^=to-]", (all) => all.map((one) => one.name))) {
  await page.click(`#${name}`);
}
for (const summary of await page.$$("summary")) await summary.click();
await look("chosen");
await press(".steps button[value=review]", "review");
await look("review");

for (const name of await page.$$eval("input[name^=agree-]", (all) => all.map((one) => one.name))) {
  await page.click(`#${name}`);
}
await page.select("#sign", "drawn");
await type("confirm", "王小明");
const canvas = await page.$("canvas");
await canvas.scrollIntoView();
const box = await canvas.boundingBox();
await page.mouse.move(box.x + 20, box.y + 40);
await page.mouse.down();
for (let step = 1; step < 20; step += 1) await page.mouse.move(box.x + 20 + step * 12, box.y + 40 + (step % 5) * 15);
await page.mouse.up();
seen.drawn = (await page.$eval("#picture", (field) => field.value)).startsWith("iVBORw0KGgo");
await press(".steps button[value=sign]", "signed");
seen.application = await page.$eval("#application", (one) => one.textContent);
await look("result");

// A second browser has no way in.
const other = await browser.createBrowserContext();
const second = await other.newPage();
seen.statuses.second = (await second.goto(link)).status();
await browser.close();
console.log(JSON.stringify(seen));
