import {Looking} from './looking.ts';
import {openView} from './view.ts';

/** `#JOB.TICKET`, which is taken out of the address, and so out of what the browser remembers, before anything else. */
const [, job, ticket] = /^#(j-[a-z2-7]{1,60})\.([a-z2-7]{1,100})$/.exec(location.hash) ?? [];
history.replaceState(null, '', location.pathname);

const view = openView();
if (job === undefined || ticket === undefined)
  view.over({what: 'There is nothing to show here.', why: 'The address of this page was used, or is not whole.'});
else new Looking(job, ticket, view).start();
